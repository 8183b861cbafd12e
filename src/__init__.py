"""ProUtt: dialogues in, preference and SFT data for next-utterance prediction out."""

import os
import signal
import sys

if sys.argv[:1] == ["-m"]:  # a command is being started, and Ctrl-C while its modules are read ends it without a word
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
