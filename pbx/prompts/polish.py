"""Polish: "sto pięć", "dwie wiadomości", "w poniedziałek pierwszego czerwca o czternastej trzydzieści"."""

from datetime import date, time

from pbx.prompts.grammar import Gender, Plural


class Polish:
    """The rules of Polish; 24 hours on the clock."""

    def number(self, n: int, gender: Gender) -> list[str]:
        """Jeden, jedna, jedno; dwa, dwie; but dwadzieścia jeden whatever is counted."""
        thousands, rest = divmod(n, 1000)
        words: list[str] = []
        if thousands:
            # A thousand alone has no "one" before it.
            words += [] if thousands == 1 else _below_thousand(thousands, Gender.MASCULINE)
            words.append(f"number-thousand-{self.plural(thousands)}")
        return words if words and not rest else words + _below_thousand(rest, gender, is_whole=not words)

    def plural(self, n: int) -> Plural:
        """1 wiadomość; 2, 3, 4, 22 wiadomości; 0, 5, 12, 21 wiadomości as in "pięć nowych wiadomości"."""
        if n == 1:
            return "one"
        return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"

    def caller(self, digits: list[str]) -> list[str]:
        """Od numeru 1 0 1."""
        return ["vm-number", *digits]

    def day(self, day: date) -> list[str]:
        """W poniedziałek pierwszego czerwca."""
        return [f"weekday-{day.isoweekday()}", f"day-{day.day}", f"month-{day.month}"]

    def clock(self, clock: time) -> list[str]:
        """O czternastej zero pięć; o północy; pięć minut po północy (there is no ordinal of zero to be at)."""
        minute = clock.minute
        if clock.hour:
            spoken = ["number-0"] if 0 < minute < 10 else []
            return [f"hour-{clock.hour}", *spoken, *(self.number(minute, Gender.MASCULINE) if minute else [])]
        if minute == 0:
            return ["midnight"]
        counted = [] if minute == 1 else self.number(minute, Gender.FEMININE)
        return [*counted, f"past-midnight-{self.plural(minute)}"]


def _below_thousand(n: int, gender: Gender, *, is_whole: bool = True) -> list[str]:
    """`is_whole`: the number has no thousands, so that a one is a one and may have a gender."""
    hundreds, small = divmod(n, 100)
    words = [f"number-{hundreds * 100}"] if hundreds else []
    if small > 20 and small % 10:
        words.append(f"number-{small // 10 * 10}")
        small %= 10
    if small or not words:
        words.append(_unit(small, gender, is_alone=is_whole and not words))
    return words


def _unit(n: int, gender: Gender, *, is_alone: bool) -> str:
    if n == 1 and is_alone and gender is not Gender.MASCULINE:
        return f"number-1-{gender.value}"
    return "number-2-feminine" if n == 2 and gender is Gender.FEMININE else f"number-{n}"
