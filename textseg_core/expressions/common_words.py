"""Everyday English words for what pictures show, beside those that training expressions use.

Written by field from general knowledge; a word stands in one number, since the tokenizer finds
the other.
"""

from itertools import chain

_FIELDS: dict[str, str] = {
    "sky and weather": """
        sky cloud sun moon sunset horizon fog smoke rain snow ice
        shadow shade light
    """,
    "land": """
        ground earth land dirt mud sand gravel dust grass lawn field mountain hill hillside peak
        cliff ridge valley slope rock stone boulder island beach shore desert cave landscape
        forest jungle woods park garden yard patch trail path
    """,
    "water": """
        water sea ocean lake river stream pond pool waterfall wave puddle
        fountain dock pier
    """,
    "plants": """
        tree trunk branch leaf root bush shrub hedge palm pine bamboo cactus flower stem log
        foliage greenery plant
    """,
    "animals": """
        pet kitten rabbit mouse monkey lion tiger wolf deer camel llama donkey goat pig seal whale
        fish turtle lizard snake spider butterfly bee duck goose chicken parrot penguin wing tail
        feather fur horn nest cage
    """,
    "buildings": """
        building house hut barn castle church temple tower skyscraper hotel store shop statue
        monument sculpture ruins bridge tunnel wall fence gate arch pillar column beam roof dome
        chimney balcony porch deck stairs steps ladder railing rail door doorway entrance window
        ceiling floor room brick tile concrete cement board panel city town skyline structure
        tent shack
    """,
    "street": """
        street road sidewalk pavement curb walkway pathway track pole post lamppost sign billboard
        poster banner flag sticker label letter number word writing trash cart wagon trailer van
        jeep taxi tractor helicopter balloon canoe raft sail wheel tire windshield headlight
        license rider cyclist biker driver
    """,
    "people": """
        people crowd group couple team player baby adult male female dude mother father mom dad
        soldier worker waiter dancer singer cowboy surfer tourist anyone everyone someone blonde
    """,
    "body": """
        body head face hair beard eye ear nose mouth neck shoulder back chest stomach waist butt
        arm elbow hand finger leg knee foot feet toe skin skull
    """,
    "clothes": """
        clothes shirt sweater hoodie jacket coat vest suit uniform dress skirt robe pants jeans
        shorts sock shoe boot hat cap helmet scarf glove belt sleeve glasses sunglasses goggles
        mask watch bracelet necklace costume
    """,
    "furniture and rooms": """
        table desk counter bar shelf cabinet drawer dresser closet nightstand stool armchair seat
        cushion pillow blanket sheet bunk headboard rug carpet curtain mirror picture painting
        photo frame lamp candle fan fireplace switch cord wire rope hammock tablecloth napkin
        towel chalkboard blackboard shower faucet
    """,
    "things": """
        stuff machine bucket barrel tank sack luggage wallet key coin money paper card newspaper
        magazine map pen pencil brush paint tape stick straw lid cork kettle camera speaker
        microphone computer screen button guitar piano drum doll toy block net hoop sword gun
        shield cross flame fire torch swing
    """,
    "food": """
        meal lunch dinner coffee tea milk juice water toast cheese cookie pie candy sauce soup
        salad rice pasta bean corn fries
    """,
    "colour and look": """
        color tan gold golden maroon navy turquoise cream khaki blond dark darker darkest bright
        brighter pale lighter lightest shiny clear colorful striped stripe checkered plaid spotted
        plain blank painted reddish yellowish greenish bluish brownish grey dirty clean wet dry
        broken old new young dead bare bald shirtless empty full open closed lit weird
    """,
    "shape and measure": """
        shape shaped round square circle rectangle triangle oval ball cone flat curved straight
        bent crooked pointy pointed thick thin wide narrow long longer longest short shorter tall
        taller high higher low lower huge giant tiny skinny fat half whole entire full partial
        portion section piece part bit strip line row stack pile bunch cluster set level outline
        edge rim tip point end base surface side gap hole opening slot handle spout grassy sandy
        rocky snowy cloudy
    """,
    "place": """
        area region place spot position direction way background foreground distance center mid
        far close closer near immediate direct directly exactly almost slightly just upper lower
        outer inner facing across against along around through toward towards away off out onto
        into up down opposite together alone outside inside there here where anywhere somewhere
        everywhere last next only single
    """,
    "doing": """
        standing sitting seated lying laying leaning kneeling crouching bending walking running
        jumping climbing hanging sleeping riding driving flying swimming playing dancing looking
        facing pointing holding carrying wearing eating drinking smoking reading smiling
        touching covering covered surrounding visible sticking showing coming going parked turned
        says see look looks like think pick
    """,
    "small words": """
        this that these those it its he him his she her they them their we us our you your i me my
        who what which or nor and but not no yes so than too also very more most much many some any
        each every either neither both all other another same different as by for from with
        without about before after though is are was were be been being has have had do does can
        will please ok okay sorry maybe something anything everything nothing really again still
        main whatever kind was
    """,
}

COMMON_WORDS: tuple[str, ...] = tuple(
    dict.fromkeys(chain.from_iterable(words.split() for words in _FIELDS.values()))
)
