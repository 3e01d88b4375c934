"""English: "one hundred and five", "on Monday the first of June at two thirty P. M."."""

from datetime import date, time

from pbx.prompts.grammar import Gender, Plural


class English:
    """The rules of English; British "and" in numbers, twelve hours on the clock."""

    def number(self, n: int, gender: Gender) -> list[str]:
        """One hundred and five; five thousand and ten."""
        thousands, rest = divmod(n, 1000)
        hundreds, small = divmod(rest, 100)
        words: list[str] = []
        if thousands:
            words += [f"number-{thousands}", "number-thousand"]
        if hundreds:
            words += [f"number-{hundreds}", "number-hundred"]
        if words and small:
            words.append("and")
        return words + _below_hundred(small) if small or not words else words

    def plural(self, n: int) -> Plural:
        """One message, two messages, no messages."""
        return "one" if n == 1 else "many"

    def caller(self, digits: list[str]) -> list[str]:
        """From 1 0 1."""
        return digits

    def day(self, day: date) -> list[str]:
        """On Monday the first of June."""
        return [f"weekday-{day.isoweekday()}", f"day-{day.day}", f"month-{day.month}"]

    def clock(self, clock: time) -> list[str]:
        """At two oh five P. M.; at noon."""
        if clock.minute == 0 and clock.hour in (0, 12):
            return ["at", "midnight" if clock.hour == 0 else "noon"]
        words = ["at", f"number-{(clock.hour + 11) % 12 + 1}"]
        if 0 < clock.minute < 10:
            words.append("oh")
        if clock.minute:
            words += _below_hundred(clock.minute)
        return [*words, "am" if clock.hour < 12 else "pm"]


def _below_hundred(n: int) -> list[str]:
    if n <= 20 or n % 10 == 0:
        return [f"number-{n}"]
    return [f"number-{n // 10 * 10}", f"number-{n % 10}"]
