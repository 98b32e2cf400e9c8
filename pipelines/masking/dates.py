"""Whether digits are a date that somebody can have been born on."""


def is_date(digits: str) -> bool:
    """Eight digits, year first; six digits take the twentieth century."""
    if len(digits) == 6:
        digits = "19" + digits
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if not 1880 <= year <= 2099 or not 1 <= month <= 12 or day < 1:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 30 if month in (4, 6, 9, 11) else 31 if month != 2 else 29 if leap else 28
    return day <= longest
