"""Which nouns may be mistaken for one another, and so are no safe claims of absence."""

# Groups parted by semicolons; names within one are not safe negatives for one another.
_GROUPS = """
    cup, wine glass, bowl, glass, mug, paper cup, pail, vase, goblet, bottle, coffee mug,
    coffee cup, plastic cup, tumbler, teacup, tea cup, beaker, drinking glass, jar,
    ramekin, small bowl, flower pot, pot, plant pot, saucer, beer, bucket, pitcher,
    jug, teapot, candle, egg cup, potted plant, plant, houseplant, planter;
    bowl, plate, dish, tray, saucer, ramekin, small bowl, pan, frying pan, skillet, basin,
    wooden bowl, plastic bowl, plastic plate, platter, lid, basket, colander, coaster,
    disc;
    pan, frying pan, skillet, saucepan, sauce pan, pot, moka pot, coffee pot, coffee
    maker, teapot, tea pot, kettle, wok, cooking pot, casserole, pitcher, jug;
    bottle, jar, can, tin, jug, flask, thermos, vase, pitcher, carton, water bottle, drink
    bottle, tea bottle, wine bottle, beer bottle, beer, wine, bottle of wine, bottle
    of water, soap bottle, soap dispenser, soap, detergent bottle, detergent, ketchup
    bottle, ketchup, mustard bottle, mustard, sauce bottle, sauce, shampoo, salt
    shaker, pepper shaker, pepper mill, shaker, spray bottle, drink, soda, milk,
    juice, candle, tube, oil, syrup, lotion, glue, milk carton, juice carton, thermos
    flask;
    can, tin, cup, bottle, tuna can, fish can, fish tin, meat can, canned meat, soup can,
    can of soup, coffee can, drink can, soda can, soda, aluminium can, jar, tin can,
    mug, tumbler, glass, candle, food can, roll, spool, battery, cylinder;
    book, notebook, box, notepad, hardcover, novel, magazine, carton, diary, tablet;
    box, carton, package, packet, parcel, cereal box, cracker box, sugar box, pudding box,
    gelatin box, jello box, snack box, pop tarts box, gift box, open box, storage box,
    lunchbox, lunch box, box of cereal, box of crackers, box of sugar, box of pudding,
    box of gelatin, box of pop tarts, box of pocky, milk carton, juice carton, block,
    brick, cube, toy block, building block, tea box, tissue box, case, chest,
    matchbox, shoebox, present, box of tissues, carton of milk, toy brick, building
    brick, plastic brick, soap bar, bar of soap, cardboard box, sponge, soap, butter,
    eraser, dice, die, crate, bin, tote, basket;
    tray, basket, bucket, pail, wicker basket, wicker tray, drawer tray, cutlery tray,
    organizer, tote, bin, crate, rack, dish rack, drainer, wire rack, storage box,
    stand, shelf, box, bread basket;
    cutting board, chopping board, board, tray, plate, placemat, mat, book, wooden board,
    coaster, plank;
    apple, orange, lemon, tomato, lime, sports ball, ball, peach, plum, kiwi, kiwifruit,
    onion, potato, egg, pear, tangerine, mandarin, grapefruit, billiard ball, pool
    ball, garlic, garlic bulb, head of garlic, avocado, mango, melon, bell pepper,
    pepper, capsicum, toy ball, tennis ball, marble, nectarine, apricot, hen egg,
    sphere, grape, strawberry, cherry, coconut, pumpkin, beet, radish, bead, globe,
    balloon;
    banana, cucumber, zucchini, carrot, corn, pepper, bell pepper, chili, eggplant,
    aubergine, hot dog, hotdog, sausage in a bun, sausage, plantain, courgette, bread,
    loaf;
    fruit, vegetable, tomato, bell pepper, pepper, cucumber, avocado, eggplant, pumpkin;
    mushroom, onion, garlic, garlic bulb, head of garlic, potato, egg, hen egg;
    broccoli, cauliflower, lettuce, cabbage, salad, plant, herb;
    bread roll, cake, donut, bread, sandwich, pizza, hot dog, doughnut, ring, pastry,
    dessert, loaf, loaf of bread, muffin, bun, roll, bagel, cupcake, cookie, biscuit,
    pie, burger, hamburger, toast, croissant, cheese, steak, meat, slice of meat,
    chocolate, chocolate bar, candy bar, bar, candy;
    felt pen, marker pen, ballpoint pen, fork, knife, spoon, spatula, turner, ladle,
    whisk, tongs, kitchen utensil, chopstick, chopsticks, dinner fork, butter knife,
    table knife, kitchen knife, blade, tablespoon, teaspoon, peeler, pen, pencil,
    toothbrush, brush, screwdriver, marker, scissors, stick, wooden spoon, crayon,
    straw, rolling pin, knitting needle, wrench, spanner;
    hammer, mallet, wrench, screwdriver, drill, power drill, cordless drill, pliers,
    spanner, saw, axe, hair drier, hair dryer;
    roll of tape, roll of paper, roll, paper roll, toilet paper, bread roll, paper towel,
    kitchen roll, toilet roll, tape, tape roll, duct tape, spool, reel, ring, adhesive
    tape;
    ring, donut, doughnut, bagel, bracelet, tape, washer, wreath, hoop;
    toy train, train, locomotive, toy car, toy truck, car, truck, toy;
    toy brick, building brick, plastic brick, block, brick, cube, toy block, building
    block, die, dice, domino, eraser;
    cone, pyramid, funnel, traffic cone, party hat;
    candle, lamp, vase, bottle, lantern, torch, flashlight;
    bag, bag of chips, chip bag, crisps, snack, packet, pouch, sack, handbag, backpack,
    suitcase, purse, rucksack, briefcase;
    car, truck, bus, train, automobile, van;
    bicycle, motorcycle, bike, motorbike, scooter;
    airplane, plane, aeroplane, kite, bird;
    couch, chair, bench, bed, sofa, armchair, stool;
    dining table, bench, bed, table, desk;
    tv, laptop, television, screen, monitor, notebook computer, laptop computer, tablet;
    smartphone, cell phone, phone, mobile phone, cellphone, remote, remote control, mouse,
    computer mouse, calculator;
    keyboard, computer keyboard, laptop, notebook computer, laptop computer;
    oven, microwave, toaster, refrigerator, stove, fridge;
    cow, sheep, horse, dog, cattle, puppy, goat, bear, cat, kitty;
    zebra, horse, giraffe;
    teddy bear, teddy, stuffed animal, bear, doll, toy;
    duck, rubber duck, toy duck, bird, chicken, goose, toy;
    scissors, pair of scissors, shears, pliers;
    skateboard, surfboard, snowboard, skis;
    umbrella, parasol, kite;
    tie, necktie, scarf;
    frisbee, disc, plate;
    baseball bat, bat, stick;
    baseball glove, glove, mitten;
    tennis racket, racket, paddle;
    boat, ship, canoe, kayak;
    sink, basin, bathtub, toilet
"""
CONFUSABLE: tuple[frozenset[str], ...] = tuple(
    frozenset(" ".join(name.split()) for name in group.split(",")) for group in _GROUPS.split(";")
)
# Too wide for anybody to say what does not answer to them: never claimed to be absent.
GENERAL = frozenset(
    """
    container food tool toy dish utensil drink snack board stand rack thing object item one
    furniture package packet kitchenware cutlery tableware crockery bin pot ring vegetable
    stationery appliance vehicle decoration glassware cookware groceries
    """.split()  # noqa: SIM905
)


def confusable(name: str, others: frozenset[str]) -> bool:
    """Tell whether `name` might be said of something called one of `others`."""
    return any(name in group and group & others for group in CONFUSABLE)
