"""Tests of `pts_errors.lint.jargon`."""

from __future__ import annotations

import pytest

from pts_errors.lint import jargon


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The gateway did not answer.", "en", "gateway"),
        ("The GATEWAY did not answer.", "en", "GATEWAY"),
        ("Your key-card works.", "en", "key"),
        ("Ask the monkey.", "en", ""),
        ("Keyboards and tokens.", "en", ""),
        ("Das Guthaben reicht nicht.", "de", "Guthaben"),
        ("Bitte prüfen Sie den Token.", "de", "Token"),
        ("Sin fondos.", "es", "fondos"),
        ("Solde insuffisant.", "fr", "Solde"),
        ("残高が不足しています。", "ja", "残高"),
        ("余额不足。", "zh-hans", "余额"),
        ("餘額不足。", "zh-hant", "餘額"),
        ("余额不足。", "zh-hant", ""),
        ("เซิร์ฟเวอร์ขัดข้อง", "th", "เซิร์ฟเวอร์"),
        ("Kiểm tra chữ ký.", "vi", "chữ ký"),
        ("Hubungi cổng thanh toán", "vi", "cổng thanh toán"),
        ("رصيدك غير كافٍ", "ar", "رصيدك"),
        ("잔액 부족", "ko", "잔액"),
        ("बैलेंस कम है", "hi", "बैलेंस"),
        ("Saldo Anda kurang.", "id", "Saldo"),
        ("Kulang ang pondo.", "fil", "pondo"),
        ("Baki tidak mencukupi.", "ms", "Baki"),
        ("Sem fundos.", "pt-br", "fundos"),
        ("Недостаточный баланс.", "ru", "баланс"),
        ("Der Fraud-Filter.", "de", "Fraud"),
        ("Le risk manager.", "tlh", "risk"),
        ("Something else.", "tlh", ""),
        ("", "en", ""),
    ],
)
def test_the_first_forbidden_word_is_found(text, language, expected):
    """In the words of the language, and in English ones everywhere; as it stands there, and whole words only."""
    assert jargon.find(text, language) == expected
