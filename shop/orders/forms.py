"""What the checkout asks for."""

from django import forms

from shop.orders.bank import Card
from shop.orders.sealing import Delivery

CARDS = {
    Card.ACCEPTED: "Card ending in 4242: the bank accepts it",
    Card.DECLINED: "Card ending in 0002: the bank declines it",
    Card.SILENT: "Card ending in 0119: charged, but the bank does not answer in time",
    Card.UNREACHED: "Card ending in 0127: the bank is not reached",
}


class DeliveryForm(forms.Form):
    """Where the order goes. `basket` and `total` say what the customer saw and agrees to."""

    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    street = forms.CharField(
        label="Street and number",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9 -]{1,9}$",
        max_length=10,
        error_messages={
            "invalid": "A postcode has two to ten letters, digits, blanks or hyphens: 10115, SW1A 1AA."
        },
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "address-level2"}))
    email = forms.EmailField(
        label="E-mail (optional)",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    basket = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    total = forms.DecimalField(widget=forms.HiddenInput, max_digits=10, decimal_places=2)

    def delivery(self) -> Delivery:
        said = self.cleaned_data
        return Delivery(said["name"], said["street"], said["postcode"], said["city"], said["email"])


class PaymentForm(forms.Form):
    """`key` names one attempt to pay: sent twice, it is one."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    card = forms.ChoiceField(
        choices=[(card.value, label) for card, label in CARDS.items()],
        initial=Card.ACCEPTED.value,
        widget=forms.RadioSelect,
    )
