"""The page on which a user reviews a product."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from shop import selectors
from shop.models import Review
from shop.reviews.reviews import review_of, write_review

STARS = [(5, "5 · Loved it"), (4, "4 · Good"), (3, "3 · All right"), (2, "2 · Not good"), (1, "1 · Bad")]


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]
    rating = forms.TypedChoiceField(choices=STARS, coerce=int, label="Stars", widget=forms.Select)

    class Meta:
        model = Review
        fields = ["rating", "title", "text"]
        labels = {"title": "In a few words", "text": "In more words (optional)"}
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}


@never_cache
@login_required(login_url="shop:log-in")
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, product_id: str) -> HttpResponse:
    product = get_object_or_404(selectors.products_shown(), product_id=product_id)
    user: Any = request.user
    form = ReviewForm(request.POST or None, instance=review_of(product, user))
    if request.method == "POST" and form.is_valid():
        write_review(product=product, user=user, **form.cleaned_data)
        messages.success(request, "Thank you: your review is on the page.")
        return redirect(f"{product.get_absolute_url()}#reviews")
    context = {"departments": selectors.departments(), "product": product, "form": form}
    return render(request, "shop/review.html", context)
