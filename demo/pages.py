"""The pages of the demo site: where they are and what their titles say. Pure."""

from dataclasses import dataclass

from demo.catalogue import Article, Product

BRAND = "Sallowmere"


@dataclass(frozen=True)
class Page:
    path: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.name} – {BRAND}"


HOME = Page("/demo/", "Stoneware from the water's edge")
SHOP = Page("/demo/shop/", "The collection")
JOURNAL = Page("/demo/journal/", "Journal")
ABOUT = Page("/demo/about/", "About the workshop")
SIGN_UP = Page("/demo/sign-up/", "The letter")
WELCOME = Page("/demo/welcome/", "Welcome")
CART = Page("/demo/cart/", "Your cart")
CHECKOUT = Page("/demo/checkout/", "Check out")
THANK_YOU = Page("/demo/thank-you/", "Thank you")


def product_page(product: Product) -> Page:
    return Page(f"{SHOP.path}{product.slug}/", product.name)


def article_page(article: Article) -> Page:
    return Page(f"{JOURNAL.path}{article.slug}/", article.title)
