"""The demo shop. It is a customer's site: it carries the snippet and knows nothing of Aktivat's pages.

Nothing that a visitor types is read or kept; the forms only lead from page to page.
"""

import secrets
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demo import cart, orders, pages, state
from demo.catalogue import ARTICLE, ARTICLES, FEATURED, PRODUCT, PRODUCTS, Product, related_to
from demo.pages import Page
from properties import snippet

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def of_the_shop(view: View[P]) -> View[P]:
    """For everyone, with inline scripts allowed because the seed's snippet is one; 404 before there is an account."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if state.read() is None:
            return HttpResponseNotFound("The demo has no account yet. ./aktivat manage demo_account makes it.")
        return view(request, *args, **kwargs)

    relaxed = csp_replace({"script-src": [SELF, UNSAFE_INLINE]})(answer)
    # The decorator's own type forgets the view's arguments.
    return login_not_required(cast(View[P], relaxed))


def show(
    request: HttpRequest, template: str, page: Page, told: Sequence[Sequence[Any]] = (), **context: Any
) -> HttpResponse:
    """The page, with the snippet for the address under which the visitor sees it, and what it tells the tracker."""
    demo = state.read()
    if demo is None:
        raise Http404("The demo has no account yet.")
    context |= {
        "page": page,
        "brand": pages.BRAND,
        "told": told,
        "in_cart": sum(cart.read(request).values()),
        "snippet_head": snippet.head(),
        "snippet_body": snippet.body(demo.account_id, f"{request.scheme}://{request.get_host()}"),
    }
    return render(request, f"demo/{template}.html", context)


@of_the_shop
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return show(request, "home", pages.HOME, featured=FEATURED, articles=ARTICLES)


@of_the_shop
@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    return show(request, "shop", pages.SHOP, products=PRODUCTS)


@of_the_shop
@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    shown = PRODUCT.get(slug)
    if shown is None:
        raise Http404("The shop has no such product.")
    told = [orders.call("view_item", [(shown, 1)])]
    added = orders.call("add_to_cart", [(shown, 1)])
    page = pages.product_page(shown)
    return show(request, "product", page, told, product=shown, added=added, related=related_to(shown))


@of_the_shop
@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    return show(request, "journal", pages.JOURNAL, articles=ARTICLES)


@of_the_shop
@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    shown = ARTICLE.get(slug)
    if shown is None:
        raise Http404("The journal has no such article.")
    mentioned = [PRODUCT[name] for name in shown.products]
    return show(request, "article", pages.article_page(shown), article=shown, products=mentioned)


@of_the_shop
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return show(request, "about", pages.ABOUT)


@of_the_shop
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return redirect("demo:welcome")
    return show(request, "sign_up", pages.SIGN_UP)


@of_the_shop
@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    return show(request, "welcome", pages.WELCOME)


@of_the_shop
@require_safe
def show_cart(request: HttpRequest) -> HttpResponse:
    lines = cart.lines(cart.read(request))
    return show(request, "cart", pages.CART, lines=lines, total=sum(line.euros for line in lines))


@of_the_shop
@require_POST
def add_to_cart(request: HttpRequest, slug: str) -> HttpResponse:
    return change_cart(request, slug, by=1)


@of_the_shop
@require_POST
def remove_from_cart(request: HttpRequest, slug: str) -> HttpResponse:
    return change_cart(request, slug, by=-1)


def change_cart(request: HttpRequest, slug: str, by: int) -> HttpResponse:
    if slug not in PRODUCT:
        raise Http404("The shop has no such product.")
    held = cart.read(request)
    held[slug] = held.get(slug, 0) + by
    response = redirect("demo:cart")
    cart.write(response, held)
    return response


@of_the_shop
def checkout(request: HttpRequest) -> HttpResponse:
    lines = cart.lines(cart.read(request))
    if not lines:
        return redirect("demo:cart")
    if request.method == "POST":
        response = redirect("demo:thank_you")
        cart.order(response, f"S-{secrets.randbelow(10**9):09}", cart.read(request))
        return response
    told = [orders.call("begin_checkout", _goods(lines))]
    return show(request, "checkout", pages.CHECKOUT, told, total=sum(line.euros for line in lines))


@of_the_shop
@require_safe
def thank_you(request: HttpRequest) -> HttpResponse:
    number, bought = cart.ordered(request)
    # However often the page is loaded, its number counts once.
    told = [orders.call("purchase", _goods(cart.lines(bought)), transaction_id=number)] if number else []
    return show(request, "thank_you", pages.THANK_YOU, told)


def _goods(lines: Sequence[cart.Line]) -> list[tuple[Product, int]]:
    return [(line.product, line.count) for line in lines]
