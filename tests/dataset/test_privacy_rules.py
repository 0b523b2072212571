"""Each recognizer by itself: matches, and similar texts that do not match."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kakaobot.dataset.pii import accounts, addresses, contacts, numbers, passwords, phones, plates
from kakaobot.dataset.pii.normalize import normalize
from kakaobot.dataset.pii.spans import Recognizer, Span

MATCHES = [
    # A date, a sex digit and a dash suffice: numbers issued since October 2020 have no check digit.
    (numbers.find_resident_numbers, "900101-1234567", "900101-1234567"),
    (numbers.find_resident_numbers, "9001013123454", "9001013123454"),
    (numbers.find_resident_numbers, "주민 9001011234567", "9001011234567"),
    (numbers.find_resident_numbers, "900101-2******", "900101-2******"),
    (numbers.find_resident_numbers, "주민 앞자리 900101-1 까지", "900101-1"),
    (numbers.find_resident_numbers, "000101-5123456", "000101-5123456"),
    (numbers.find_resident_numbers, "940404-1777777 한", "940404-1777777"),
    (numbers.find_business_numbers, "123-45-67891", "123-45-67891"),
    (numbers.find_business_numbers, "사업자 123-45-67890", "123-45-67890"),
    (numbers.find_business_numbers, "사업자번호 1234567891", "1234567891"),
    (numbers.find_card_numbers, "4111-1111-1111-1111", "4111-1111-1111-1111"),
    (numbers.find_card_numbers, "378282246310005", "378282246310005"),
    (numbers.find_card_numbers, "카드 1111 2222 3333 4444", "1111 2222 3333 4444"),
    (numbers.find_passport_numbers, "M12345678", "M12345678"),
    (numbers.find_passport_numbers, "M123A4567", "M123A4567"),
    (numbers.find_passport_numbers, "여권 S12345678", "S12345678"),
    (phones.find_phones, "(02) 1234-5678", "(02) 1234-5678"),
    (phones.find_phones, "82-10-0000-1234", "82-10-0000-1234"),
    (phones.find_phones, "01059991234", "01059991234"),
    (phones.find_phones, "+1 415 555 0123", "+1 415 555 0123"),
    (phones.find_phones, "전화 0212345678", "0212345678"),
    (phones.find_phones, "폰번 0000-1234", "0000-1234"),
    (phones.find_spelled_phones, "공일공 일이삼사 오육칠팔", "공일공 일이삼사 오육칠팔"),
    (phones.find_spelled_phones, "o1o-0000-1234", "o1o-0000-1234"),
    (accounts.find_accounts, "110-123-456789", "110-123-456789"),
    (accounts.find_accounts, "토스 1000-1234-5678", "1000-1234-5678"),
    (accounts.find_accounts, "계좌 12345678901234", "12345678901234"),
    (accounts.find_accounts, "1002123456789 우리", "1002123456789"),
    (accounts.find_accounts, "신한 110 123 456789", "110 123 456789"),
    (contacts.find_emails, "a1@example.com임", "a1@example.com"),
    (contacts.find_emails, "ab(at)example.com", "ab(at)example.com"),
    (contacts.find_emails, "ab@네이버", "ab@네이버"),
    (contacts.find_links, "(https://example.com/a).", "https://example.com/a"),
    (contacts.find_links, "example.com/event 참여", "example.com/event"),
    (contacts.find_personal_links, "https://a:b@example.com/", "https://a:b@example.com/"),
    (contacts.find_personal_links, "https://example.com/?x=1&email=a", None),
    (contacts.find_personal_links, "https://open.kakao.com/o/gAbC", None),
    (contacts.find_personal_links, "https://example.com/d/1aB2cD3eF4gH5iJ6kL7mN8", None),
    (addresses.find_addresses, "서울 강남구 예시로 12", "서울 강남구 예시로 12"),
    (addresses.find_addresses, "별빛길 3-4 임", "별빛길 3-4"),
    (addresses.find_addresses, "예시로 12번길 3", "예시로 12번길 3"),
    (addresses.find_addresses, "주소 예시로 12", "예시로 12"),
    (addresses.find_addresses, "역삼동 123-4", "역삼동 123-4"),
    (addresses.find_addresses, "강남구 역삼동 12", "강남구 역삼동 12"),
    (addresses.find_addresses, "101동 1203호", "101동 1203호"),
    (addresses.find_addresses, "한빛빌라 302호", "한빛빌라 302호"),
    (addresses.find_addresses, "강남구 예시로 12, 3층 (별동)", "강남구 예시로 12, 3층 (별동)"),
    (addresses.find_addresses, "우편번호 06234", "06234"),
    (plates.find_plates, "12가 3456", "12가 3456"),
    (plates.find_plates, "서울 12 바 3456", "서울 12 바 3456"),
    (plates.find_plates, "주차 22조 1234", "22조 1234"),
    (passwords.find_passwords, "비번 1234", "1234"),
    (passwords.find_passwords, "비번은 letmein", "letmein"),
    (passwords.find_passwords, "현관 #0423* 누르고", "#0423*"),
    (passwords.find_passwords, "cvc 123", "123"),
    (passwords.find_passwords, "비번 앞두자리 12", "12"),
    (passwords.find_passwords, "비번 알려줄게 ab12cd34", "ab12cd34"),
    (passwords.find_passwords, "1234가 비번이야", "1234"),
    (passwords.find_passwords, "와이파이: cafe / coffee1234", "coffee1234"),
    (passwords.find_login_passwords, "a@example.com / family!234", "family!234"),
]
NON_MATCHES = [
    (numbers.find_resident_numbers, "901301-1234567"),
    (numbers.find_resident_numbers, "주문 240501-1234567"),
    (numbers.find_resident_numbers, "법인 900101-1234567"),
    (numbers.find_resident_numbers, "9001013123455"),
    # A valid check digit, but also a barcode of Korean goods.
    (numbers.find_resident_numbers, "8801011000032"),
    (numbers.find_resident_numbers, "900101-9234567"),
    (numbers.find_business_numbers, "123-45-67890"),
    (numbers.find_business_numbers, "1234567891"),
    (numbers.find_card_numbers, "4111-1111-1111-1112"),
    (numbers.find_card_numbers, "주문 4111111111111111"),
    (numbers.find_card_numbers, "1111 2222 3333 4444"),
    (numbers.find_passport_numbers, "모델 M12345678"),
    (numbers.find_passport_numbers, "S12345678"),
    (phones.find_phones, "1588-1588"),
    (phones.find_phones, "080-000-1234"),
    (phones.find_phones, "0212345678"),
    (phones.find_phones, "2010-0000-12345"),
    (phones.find_phones, "쿠폰 1234-5678"),
    (phones.find_spelled_phones, "일이삼사 오육칠팔"),
    (accounts.find_accounts, "송장 110-123-456789"),
    (accounts.find_accounts, "1000-1234-5678"),
    (accounts.find_accounts, "12345678901234"),
    (accounts.find_accounts, "통장에 10000000000원"),
    (accounts.find_accounts, "입금 2024-05-1234567"),
    (contacts.find_emails, "a@b 그리고 @도담"),
    (contacts.find_emails, "골뱅이 소면"),
    (contacts.find_links, "3시 http 말고 a.com"),
    (contacts.find_personal_links, "https://example.com/a?b=1"),
    (addresses.find_addresses, "앞으로 3-4"),
    (addresses.find_addresses, "예시로 12"),
    (addresses.find_addresses, "운동 3-4"),
    (addresses.find_addresses, "강남구 예시로 12시"),
    (addresses.find_addresses, "1203호 강의실"),
    (addresses.find_addresses, "다시 그대로 100"),
    (plates.find_plates, "12사이 3456"),
    (plates.find_plates, "12주 3000"),
    (plates.find_plates, "85가 1000명"),
    (plates.find_plates, "15가 1000이면"),
    (passwords.find_passwords, "비번 4자리"),
    (passwords.find_passwords, "비번 바꿨어 2024년에"),
    (passwords.find_passwords, "비번 reset 했어"),
    (passwords.find_passwords, "암호화폐 1234"),
    (passwords.find_passwords, "도어락 150000원"),
    (passwords.find_login_passwords, "a@example.com / 홍보용"),
]


def matches(recognizer: Recognizer, text: str) -> Iterator[str]:
    spans: set[Span] = set(recognizer(normalize(text).text))
    return (text[span.start : span.end] for span in spans)


@pytest.mark.parametrize(("recognizer", "text", "expected"), MATCHES)
def test_recognizer_matches(recognizer: Recognizer, text: str, expected: str | None) -> None:
    assert list(matches(recognizer, text)) == [expected or text]


@pytest.mark.parametrize(("recognizer", "text"), NON_MATCHES)
def test_recognizer_does_not_match(recognizer: Recognizer, text: str) -> None:
    assert list(matches(recognizer, text)) == []


def test_sex_digits_distinguish_residents_from_foreigners() -> None:
    entity_types = [
        next(numbers.find_resident_numbers(f"900101-{digit}234567")).entity_type
        for digit in "12345678"
    ]
    assert entity_types == ["주민등록번호"] * 4 + ["외국인등록번호"] * 4


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("０１０", "010"),
        ("٠١", "01"),
        ("⓪①", "01"),
        ("1\u200b2\u00ad3", "123"),
        ("1\u00a02\u30003", "1 2 3"),
        ("1–2−3ー4", "1-2-3-4"),
        ("1ㅡ2 ㅡㅡ", "1-2 ㅡㅡ"),
        ("m² 👍🏻", "m² 👍🏻"),
    ],
)
def test_normalize_folds_characters(text: str, normalized: str) -> None:
    assert normalize(text).text == normalized
