"""Telephones as they are written at home and called in each of XiaoQ's languages, and orders beside them, which survive."""

import pytest

from core.privacy import Kind
from pipelines.masking import find

TELEPHONES = [
    ("Meine Handynummer ist ", "0151 23456789"), ("Tel.: ", "030 1234567"), ("mon téléphone est le ", "06 12 34 56 78"),
    ("mi móvil es ", "612 345 678"), ("meu celular é ", "(11) 91234-5678"), ("telemóvel ", "912 345 678"),
    ("il mio cellulare è ", "312 345 6789"), ("mijn telefoonnummer is ", "06-12345678"), ("мой телефон ", "8 912 345-67-89"),
    ("můj telefon je ", "601 123 456"), ("mój numer telefonu to ", "512 345 678"), ("رقم هاتفي ", "0501234567"),
    ("جوالي ", "0551234567"), ("شماره تلفن من ", "09123456789"), ("הטלפון שלי ", "050-1234567"),
    ("telefon numaram ", "0532 123 45 67"), ("携帯 ", "08012345678"), ("제 전화번호는 ", "010-1234-5678"),
    ("연락처 ", "01012345678"), ("số điện thoại của tôi là ", "0356 123 456"), ("เบอร์โทรของฉันคือ ", "081-234-5678"),
    ("nomor HP saya ", "0812-3456-7890"), ("nombor telefon saya ", "012-345 6789"), ("ເບີໂທຂອງຂ້ອຍ ", "020 5512 3456"),
    ("ကျွန်တော့်ဖုန်းနံပါတ် ", "09 123 456 789"), ("akong numero sa cellphone ", "0917 123 4567"),
    ("លេខទូរស័ព្ទខ្ញុំ ", "012 345 678"), ("cellphone number ko po ", "0917 123 4567"), ("मेरा मोबाइल नंबर ", "98765 43210"),
    ("मेरा मोबाइल ", "९८७६५४३२१०"), ("আমার মোবাইল নম্বর ", "01712-345678"), ("میرا موبائل نمبر ", "0300 1234567"),
]  # fmt: skip

ORDERS = [
    "Mein Telefon ist kaputt, Bestellung 12345678", "Handy defekt, Bestellnr. 12345678", "tél cassé, numéro de commande 12345678",
    "mi móvil no funciona, pedido 12345678", "il cellulare è rotto, ordine 12345678", "telefoon kapot, bestelling 12345678",
    "телефон не работает, заказ 12345678", "telefon nefunguje, objednávka 12345678", "telefon nie działa, zamówienie 12345678",
    "tel bozuk, sipariş numarası 12345678", "الهاتف معطل، رقم الطلب 12345678", "تلفن خراب است، سفارش 12345678",
    "הטלפון מקולקל, הזמנה 12345678", "携帯が壊れた、注文番号12345678", "핸드폰 고장, 주문번호 12345678",
    "điện thoại hỏng, đơn hàng 12345678", "โทรศัพท์เสีย คำสั่งซื้อ 12345678", "HP rusak, pesanan 12345678",
    "मोबाइल ख़राब है, ऑर्डर 12345678", "মোবাইল নষ্ট, অর্ডার 12345678", "موبائل خراب ہے آرڈر 12345678",
]  # fmt: skip


@pytest.mark.parametrize(("words", "number"), TELEPHONES)
def test_a_telephone_is_found_by_what_it_is_called(words: str, number: str) -> None:
    (found,) = find(f"{words}{number}")
    assert found.kind in (Kind.PHONE, Kind.LANDLINE)
    assert (found.start, found.end) == (len(words), len(words) + len(number))


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_beside_the_word_for_a_telephone_survives(text: str) -> None:
    assert not find(text)
