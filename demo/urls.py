from django.urls import path

from demo import views

app_name = "demo"
urlpatterns = [
    path("", views.home, name="home"),
    path("shop/", views.shop, name="shop"),
    path("shop/<slug:slug>/", views.product, name="product"),
    path("journal/", views.journal, name="journal"),
    path("journal/<slug:slug>/", views.article, name="article"),
    path("about/", views.about, name="about"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("welcome/", views.welcome, name="welcome"),
    path("cart/", views.show_cart, name="cart"),
    path("cart/add/<slug:slug>/", views.add_to_cart, name="add_to_cart"),
    path("cart/remove/<slug:slug>/", views.remove_from_cart, name="remove_from_cart"),
    path("checkout/", views.checkout, name="checkout"),
    path("thank-you/", views.thank_you, name="thank_you"),
]
