"""What the invented shop Sallowmere sells and writes about. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    slug: str
    name: str
    euros: int
    summary: str
    story: str
    details: tuple[str, ...]

    @property
    def drawing(self) -> str:
        return f"demo/drawings/{self.slug}.svg"


@dataclass(frozen=True)
class Article:
    slug: str
    title: str
    summary: str
    minutes: int
    paragraphs: tuple[str, ...]
    products: tuple[str, ...]
    drawing: str


PRODUCTS = (
    Product(
        "tern-cup",
        "Tern cup",
        24,
        "A cup without a saucer, for the second coffee.",
        "Thrown thin at the lip and left thick at the foot, so that it stays warm and sits well in the hand. "
        "The white glaze stops short of the foot and shows the clay.",
        ("Holds 220 ml", "Stoneware, white slip glaze", "Dishwasher, microwave and river water"),
    ),
    Product(
        "estuary-bowl",
        "Estuary bowl",
        38,
        "Wide enough for soup, deep enough for pears.",
        "Two glazes meet where the bowl turns, and no two bowls agree on where that is. "
        "The outside is bare clay, burnished with a pebble.",
        ("21 cm across, 8 cm deep", "Stoneware, tide and sand glazes", "Stacks six high"),
    ),
    Product(
        "heron-teapot",
        "Heron teapot",
        86,
        "A long spout that pours and then stops.",
        "Forty teapots were thrown before the spout stopped dripping. This is the forty-first. "
        "The lid is cut from the same piece and fits only its own pot.",
        ("Holds 900 ml, four cups", "Stoneware, deep water glaze", "Strainer behind the spout"),
    ),
    Product(
        "saltmarsh-plate",
        "Saltmarsh plate",
        32,
        "A plate with a low rim that keeps the sauce in.",
        "Rolled, not thrown, over an old table top whose grain stays faintly visible. "
        "The green comes from copper and from patience.",
        ("26 cm across", "Stoneware, copper green glaze", "Sold singly, because plates break singly"),
    ),
    Product(
        "reed-vase",
        "Reed vase",
        54,
        "For one branch, or for nothing at all.",
        "A narrow neck on a heavy body: it stands on a windowsill in a draught. "
        "The stripes are brushed while the wheel still turns.",
        ("29 cm tall", "Stoneware, iron brushwork", "Watertight without a liner"),
    ),
    Product(
        "ferry-jug",
        "Ferry jug",
        46,
        "Water on the table, and flowers after dinner.",
        "The handle is pulled from the wall of the jug itself, so there is no joint to give way. "
        "The mustard glaze was a mistake that we have kept making.",
        ("Holds 1.2 litres", "Stoneware, mustard glaze", "Pours from either hand"),
    ),
)

ARTICLES = (
    Article(
        "how-a-glaze-finds-its-colour",
        "How a glaze finds its colour",
        "Copper is green, until the kiln runs short of air. Notes from a long firing.",
        4,
        (
            "A glaze is glass that has been talked into staying on a pot. Before the firing it is grey mud, "
            "and all six of our glazes look the same in their buckets. We label the buckets twice.",
            "What makes the colour is a spoonful of metal. Copper gives the green of the saltmarsh plate, "
            "cobalt the deep water of the teapot, iron nearly everything else. The spoon matters less than "
            "the air: starve the kiln at the right hour and copper turns from green to red.",
            "Ours fires for thirteen hours. For the first nine nothing is to be seen; then the cones behind "
            "the spyhole begin to lean, one after the other, and somebody has to stay awake.",
            "On the second morning the door is warm to the hand and may be opened. One shelf in ten is a "
            "surprise. We keep the good surprises and eat from the others.",
        ),
        ("saltmarsh-plate", "heron-teapot"),
        "demo/drawings/kiln.svg",
    ),
    Article(
        "a-table-for-six-in-february",
        "A table for six in February",
        "Soup, bread, one branch in a vase: a dinner that asks little of the cook.",
        3,
        (
            "In February nobody expects much, which makes it the best month to invite people. Six is the "
            "number that still fits around one pot of soup and one conversation.",
            "Put the bowls in the oven while it cools down from the bread. A warm bowl forgives a cook who "
            "is still talking in the doorway. The jug goes in the middle, where everyone can reach it.",
            "For the table itself: one branch, cut on the way home, in a vase with a narrow neck. By the "
            "time the soup is finished it will have opened a little.",
            "Coffee in small cups, without saucers, carried to the window. Nobody leaves early from a window.",
        ),
        ("estuary-bowl", "ferry-jug", "reed-vase"),
        "demo/drawings/table.svg",
    ),
)

PRODUCT = {product.slug: product for product in PRODUCTS}
ARTICLE = {article.slug: article for article in ARTICLES}
FEATURED = (PRODUCTS[2], PRODUCTS[0], PRODUCTS[4])


def related_to(product: Product) -> tuple[Product, ...]:
    """The three that follow it on the shelf."""
    at = PRODUCTS.index(product)
    return tuple(PRODUCTS[(at + step) % len(PRODUCTS)] for step in (1, 2, 3))
