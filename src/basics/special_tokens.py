"""The special tokens of the common families of models, as their tokenizers have them.

Where a text that somebody typed holds one, a tokenizer takes it for the token itself: a turn ends, another begins. From
the published tokenizers (`tokenizer_config.json`, `tokenizer.json`, `special_tokens_map.json` or `tekken.json` of each
model at huggingface.co) and from the chat templates that llama.cpp knows (`src/llama-chat.cpp`).

family                      source                                      its tokens
ChatML, Qwen, Yi            Qwen/Qwen3-8B, 01-ai/Yi-1.5-9B-Chat          <|im_start|>, <think>, <tool_call>
Llama 2                     meta-llama/Llama-2-7b-chat-hf               <s>, </s>, <unk>, [INST], [/INST], <<SYS>>
Llama 3, Llama 4            meta-llama/Llama-3.1-8B, Llama-4-Scout      <|begin_of_text|>, <|eot_id|>, <|header_start|>
DeepSeek, Hunyuan           deepseek-ai/DeepSeek-V3, tencent/Hunyuan    <｜User｜>, <｜end▁of▁sentence｜>, <|EOT|>
GLM, ChatGLM                zai-org/GLM-4.5, THUDM/chatglm3-6b          [gMASK], [sMASK], <sop>, <eop>, <|observation|>
Mistral                     mistralai/mistral-common (SpecialTokens)    [INST], [TOOL_CALLS], [SYSTEM_PROMPT], [THINK]
Gemma 1 to 3                google/gemma-3-4b-it                        <bos>, <start_of_turn>, <image_soft_token>
Gemma 4                     google/gemma-4-E4B-it                       <|turn>, <turn|>, <|channel>, <|"|>
Phi                         microsoft/phi-4                             <|user|>, <|end|>, <|im_sep|>
InternLM                    internlm/internlm2-chat-7b                  [UNUSED_TOKEN_145], <eoh>, <eoa>
Command R, Aya              CohereLabs/c4ai-command-r-v01               <|USER_TOKEN|>, <BOS_TOKEN>, <EOP_TOKEN>
gpt-oss                     openai/harmony (docs/format.md)             <|start|>, <|channel|>, <|message|>, <|return|>
Kimi, Grok, Granite, others moonshotai/Kimi-K2, ibm-granite             <|im_middle|>, <|separator|>, [BOS], [EOT]
EXAONE                      LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct        [|user|], [|endofturn|]
Seed-OSS                    ByteDance-Seed/Seed-OSS-36B-Instruct        <seed:bos>, <seed:think>
MiniMax                     MiniMaxAI/MiniMax-M2                        ]~b], ]~!b[, [e~[
Pangu, BERT, T5, StarCoder  llama.cpp; bigcode/starcoder2-3b            [unused9], [MASK], <extra_id_0>, <fim_prefix>
"""

import re

# What stands behind the sign that a token begins with.
BEHIND: dict[str, str] = {
    "<": r"""
        [|｜] [^\s<>|｜]{1,60} [|｜]? >                # <|im_end|>, <｜User｜>, <|turn>
        | [^\s<>|｜]{1,60} [|｜] >                      # <turn|>
        | /? (?: s | bos | eos | pad | unk | mask | cls | sep | sop | eop | eod | eot | eom | eoh | eoa | sys ) >
        | /? (?: bos | eos | eop | mask ) _token >
        | /? (?: think | tool_call | tool_calls | tool_response | tools ) >
        | (?: start | end | begin | beginning ) _of_ \w+ >
        | /? seed: \w+ >
        | (?: image | audio | video ) _soft_token >
        | (?: unused_? | extra_id_ | reserved_ | special_ | tokens_unused_ ) \d+ >
        | fim_ (?: prefix | middle | suffix | pad ) >
    """,
    "[": r"""
        /? (?: INST | SYS | SYSTEM_PROMPT | AVAILABLE_TOOLS | TOOL_RESULTS | TOOL_CONTENT | THINK | MODEL_SETTINGS ) \]
        | (?: TOOL_CALLS | ARGS | CALL_ID | IMG | IMG_BREAK | IMG_END | AUDIO | BEGIN_AUDIO | TRANSCRIBE ) \]
        | (?: PREFIX | MIDDLE | SUFFIX | g?MASK | sMASK | BOS | EOS | EOT | PAD | UNK | CLS | SEP ) \]
        | (?: UNUSED_TOKEN_ | unused ) \d+ \]
        | \| \w+ \| \]
        | e~\[
    """,
    "]": r" ~!?b [\[\]] | !p~\[ ",
}
ESCAPED = {sign: f"&#{ord(sign)};" for sign in BEHIND} | {"<": "&lt;"}
SPECIAL_TOKEN = f"(?x:{BEHIND['<']})"
"""What stands behind the "<" of one, for a pattern of somebody else's."""
FLAGS = {"<": re.VERBOSE | re.IGNORECASE}  # names of tags may be written in capitals; other tokens are as they are


def pattern(sign: str, also_behind: str = "", *, escaped: bool = False) -> re.Pattern[str]:
    """The sign, or as it is escaped, where it begins a token; or where this stands behind it."""
    behind = f"{BEHIND[sign]} | {also_behind}" if also_behind else BEHIND[sign]
    first = ESCAPED[sign].replace("#", r"\#") if escaped else re.escape(sign)
    return re.compile(f"{first}(?={behind})", FLAGS.get(sign, re.VERBOSE))
