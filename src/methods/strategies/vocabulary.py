"""Words that a strategy may share with its dialogue: of how people talk, whatever they talk about."""

import functools

LITTLE = """
a about above across after again against ago all almost alone along already also although always am among an and
another any anybody anyone anything anywhere are around as at away back be became because become been before behind
being below beside besides between beyond both but by can cannot could did do does doing done down during each either
else enough especially etc even ever every everybody everyone everything few first for former from further had half
has have having he her here hers him his how however i if in instead into is it its itself just last latter least less
like little lot many may maybe me might mine more most much must my near neither never next no nobody none nor not
nothing now of off often on once one ones only onto or other others our out over own per perhaps quite rather really
same second several shall she should since so some somebody someone something sometimes soon still such than that the
their them themselves then there these they thing this those though three through throughout thus to together too
toward towards twice two under unless unlike until up upon us very via was we well were what whatever when whenever
where whether which while who whole whom whose why will with within without would yes yet you your
"""
TALK = """
abandon ability able abstract accept account act action activity actual adapt add additional address adjust admit
advance advice advise affect agree aim allow alternative amateur ambiguous amount analyse analysis analyze answer
anticipate apology apply appreciate approach appropriate approve argue argument arrange ask aspect assess assign
assist assistant assume assumption attempt attention attribute audience author available avoid aware background bad
balance bare base basic basis begin beginner begun behaviour belief believe belong benefit best better big blame bold
brief bring broad broken build built bullet calculate call candidate careful carry case category cause caution certain
chain challenge chance change characteristic check choice choose chosen circumstance cite claim clarification clarify
clear close colleague collect combine come comment common companion compare comparison complain complaint complete
complex complicate component concept concern concise conclude conclusion concrete condition confident confirm conflict
confuse connect consequence consider consist consistent constraint contain content context continue contradict
contrast contribute control conversation convert convince core correct correction cost count counter course cover
create criteria criterion critical criticise criticize critique curious current deal decide decision decline deep
default define definition degree deliver demand depend depth derive describe description desire detail determine
develop deviate differ difference different difficult difficulty direct direction disagree disappoint disclose discuss
discussion dismiss distinct distinguish diverse divide doubt draft draw drawn drive drop earlier easy edge edit effect
effective effort elaborate element emphasis emphasize employ empty encounter encourage end engage enquire ensure enter
entire error essential establish estimate evaluate evidence exact examine example exceed exception exclude exist
existing expand expect expectation experience expert explain explanation explicit exploit explore express extend
extent extra extract extreme face fact factor fail failure fair fall false familiar family far fast favor favour
feasible feature feedback feel field figure fill final find finish fit fix flag flaw focus follow followup force
forget form formal format formulate forward frame free frequent fresh friend frustrate fulfil full function
fundamental future gap gather general generate genuine get give given go goal gone good grant great ground group grow
guess guidance guide handle happen hard heard held help helpful hesitate hide high highlight hint hold hope hypothesis
hypothetical idea identify ignore illustrate imagine immediate impact implication imply important impossible
impression improve incomplete inconsistent incorporate incorrect increase indicate individual inform information
initial input inquire insist inspire instance instruct instruction intend intent intention interest interpret
interpretation introduce introductory invent investigate invite involve irrelevant issue item join judge judgement
judgment jump justify keep kept key kind know knowledge known label lack large late layperson lead learn leave left
length let level likely limit limitation line link list listen listener literal logic long look loose lose low made
main make manage manner mark match material matter mean meaning means meant measure meet member mention mere message
met method middle mind minimal minor misread miss missing mistake misunderstand misunderstanding mix mode moderate
modify moment motive move multiple name narrow natural nature necessary need negative neutral new newcomer normal note
notice novice number object objection objective obstacle obtain obvious occur offer old omit open operate opinion
opportunity oppose opposite option order ordinary organise organize original outcome outline output outside overall
overlook overview paid paragraph parameter part partial particular pass past pattern pause people perform permission
persist person personal perspective persuade phrase pick piece place plain plan plausible point polite portion
position positive possibility possible postpone potential practical practice praise precise predict prefer preference
preliminary premise prepare prerequisite present press pretend prevent previous principle prior priority probe problem
procedure proceed process produce progress prompt pronounce proof proper property proposal propose prove provide
provoke pull purpose pursue push put qualify quality quantity query question quick quote raise random range rank rapid
rare rate reach react reaction read reader ready real realise realistic realize reason reasonable recall receive
recent recognise recognize recommend recommendation reconsider record redirect reduce refer reference refine reflect
reformulate refuse regard reject relate relation relationship relative relevant reliable rely remain remark remember
remind remove repeat repetition rephrase replace reply report represent request require requirement reservation resist
resolve resource respond response rest restart restate restrict result resume return reveal reverse review revise
revision revisit rewrite right risk role rough round rule run safe said sample satisfied satisfy save say scale
scenario scope search section see seek seem select self send sense sentence separate sequence series serious serve set
setting shape share shift short shorten show shown side sign signal significance similar simple simplify simultaneous
single situation size skill skip slight slow small social soft solely solution solve sort sought sound source speak
speaker special specific specification specify speculate spend split stage stance stand standard start state statement
status stay step stick stop straight strategy stress strict strong structure struggle stuck style sub subject submit
subsequent subset substitute succeed success sudden suggest suggestion suit suitable sum summarise summarize summary
supply support suppose sure surface surprise survey suspect swap switch tackle take taken talk target task tell tend
tentative term test text thank theme theory think thorough thought tie tight time title told tone tool topic total
touch trade tradeoff treat trouble true trust truth try turn type typical uncertain unclear uncover underlying
understand understanding understood unexpected unfamiliar unit unknown unnecessary unresolved unsatisfied unsure
unusual update urge urgent usage use useful user usual utterance vague valid validate validity value variant variation
variety various vary verify version view viewpoint voice wait want warn way weak weakness weigh welcome wide widen
wish withdraw won wonder word wording work worry worth write writing written wrong
"""
ENDINGS = ("ation", "ingly", "edly", "ally", "ing", "ies", "ied", "est", "ed", "er", "es", "ly", "s", "y", "e")
SHORTEST = 3  # letters of what is left


@functools.lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """What forms of an English word have in common, roughly; for other words something like it."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            left = word[: -len(ending)]
            return left[:-1] if left[-1] == left[-2] and ending != "s" and len(left) > SHORTEST else left
    return word


GENERAL = frozenset(stem(word) for word in (LITTLE + TALK).split())
"""The stems of these words."""
