"""Everyday sentences with blanks for names and things, and the questions they answer, written for the trainings."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tui.training.texts.names import Names

_BLANK = re.compile(r"\{(\w+?)(\d?)\}")
_SCENES = """\
My name is {person} and I work at {organization} in {place}.
  What is my name? | person
  Where do I work? | organization
  Which company do I work for? | organization
  In which city do I work? | place
Hi, I'm {person} from {place}, and I study {subject} at {organization}.
  Who am I? | person
  Where am I from? | place
  What do I study? | subject
  Where do I study? | organization
I'm called {person}. I live in {place} with my {relative} {person2}.
  What am I called? | person
  Where do I live? | place
  Who is my {relative}? | person2
  Who do I live with? | person2
{person} lives in {place} and works for {organization}.
  Where does {person} live? | place
  Who does {person} work for? | organization
  Who works for {organization}? | person
  Who lives in {place}? | person
I live in {place} and my name is {person}.
  Where do I live? | place
  What is my name? | person
My {relative} {person} moved from {place} to {place2} in {year}.
  Where did my {relative} move from? | place
  Where did my {relative} move to? | place2
  When did {person} move to {place2}? | year
  What is my {relative} called? | person
{person} was born in {place} in {year}.
  Where was {person} born? | place
  When was {person} born? | year
  In what year was {person} born? | year
  Who was born in {place}? | person
{person} bought {count} {thing}s at the market in {place} on {day}.
  How many {thing}s did {person} buy? | count
  What did {person} buy? | count+thing
  When did {person} buy the {thing}s? | day
  Where is the market? | place
The meeting with {person} of {organization} starts at {time} on {day}.
  When does the meeting start? | time
  On which day is the meeting? | day
  Who is the meeting with? | person
  Who does {person} work for? | organization
{organization} was founded by {person} and {person2} in {year}.
  Who founded {organization} together with {person2}? | person
  When was {organization} founded? | year
  What did {person} found? | organization
{organization} opened a new office in {place} in {month}.
  Where did {organization} open an office? | place
  Who opened an office in {place}? | organization
  When was the office opened? | month
{person} sent {person2} a letter from {place}.
  Who sent a letter? | person
  Who got the letter? | person2
  Where was the letter sent from? | place
{person} gave {person2} a {color} {thing} for her birthday.
  Who gave {person2} a {thing}? | person
  Who did {person} give a {thing}? | person2
  What color was the {thing}? | color
{organization} bought {organization2} for {count} million dollars.
  Who bought {organization2}? | organization
  Which company was bought? | organization2
  How many million dollars did it cost? | count
The {color} {thing} on the table belongs to {person}, the {thing2} to {person2}.
  Who does the {thing} belong to? | person
  Whose is the {thing2}? | person2
  What color is the {thing}? | color
There are {count} {thing}s in the kitchen and {count2} in the garden.
  How many {thing}s are in the kitchen? | count
  How many {thing}s are in the garden? | count2
The capital of {place} is {place2}.
  What is the capital of {place}? | place2
  {place2} is the capital of which country? | place
{place} is a city of {count} thousand people in {place2}.
  How many thousand people live in {place}? | count
  Where is {place}? | place2
The train from {place} to {place2} leaves at {time}.
  When does the train to {place2} leave? | time
  Where does the train go? | place2
  Where does the train come from? | place
We flew to {place} with {organization} on {day}.
  Where did we fly? | place
  Which airline did we fly with? | organization
  When did we fly to {place}? | day
Yesterday {person} told me that {person2} speaks {people}.
  What does {person2} speak? | people
  Who speaks {people}? | person2
  Who told me? | person
{person} is a {people} {job} who works in {place}.
  What is {person}'s job? | job
  Where does {person} work? | place
  What is the nationality of {person}? | people
My favorite {people} dish is the one {person} cooks in {place}.
  Who cooks my favorite dish? | person
Our teacher, {person}, studied {subject} in {place} before she joined {organization}.
  What did our teacher study? | subject
  Where did our teacher study? | place
  What is the name of our teacher? | person
  What did our teacher join? | organization
In {month} {person} won the prize for {subject}.
  Who won the prize? | person
  When did {person} win the prize? | month
  What did {person} win the prize for? | subject
The new {job} at {organization} is {person}.
  Who is the new {job}? | person
  Where does {person} work? | organization
{person} and {person2} met in {place} while working for {organization}.
  Where did {person} and {person2} meet? | place
  Who did {person} meet in {place}? | person2
  Who did they work for? | organization
{person}, a {job} at {organization}, said the {thing} was lost.
  What was lost? | thing
  Who said the {thing} was lost? | person
  What does {person} do? | job
{person}'s {relative} keeps {count} {animal}s on a farm near {place}.
  How many {animal}s are on the farm? | count
  Where is the farm? | place
  What animals are on the farm? | animal
The {animal} is called {person} and sleeps under the {thing}.
  What is the {animal} called? | person
  Where does the {animal} sleep? | thing
Please call {person} at {organization} before {time}.
  Who should I call? | person
  Before when should I call {person}? | time
Thanks to {person} we found a {job} in {place}.
  Where did we find a {job}? | place
  Who helped us? | person
It takes {count} hours to drive from {place} to {place2}.
  How many hours does it take to drive to {place2}? | count
{person} teaches {subject} at {organization} in {place}.
  What does {person} teach? | subject
  Who teaches {subject}? | person
  Where does {person} teach {subject}? | organization
The {people} president visited {place} on {day} and met {person}.
  Which city did the president visit? | place
  Who did the president meet? | person
  When did the president visit {place}? | day
I love {place}, but {person} prefers {place2}.
  What does {person} prefer? | place2
  What do I love? | place
  Who prefers {place2}? | person
I've been working for {organization} since {year}.
  Who do I work for? | organization
  Since when have I worked for {organization}? | year
This course is taught by {person} and {person2} from {organization}.
  Who is the course taught by? | person
  Where do the teachers come from? | organization
"""
_WORDS = {
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "month": "January February March April May June July August September October November December",
    "relative": "brother sister mother father uncle aunt cousin friend neighbor grandmother son daughter wife",
    "thing": "book lamp chair phone bottle bag cake key camera guitar knife clock box letter coat ball",
    "color": "red blue green yellow black white brown purple grey",
    "animal": "dog cat horse cow sheep goat duck rabbit hen pig",
    "job": "doctor lawyer painter engineer nurse farmer teacher driver singer cook writer baker pilot librarian",
    "subject": "physics music history biology mathematics law medicine chemistry Latin drawing grammar",
}
_NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty fifty ninety"
ENTITY_TYPES = {"person": "PER", "place": "LOC", "organization": "ORG", "people": "MISC"}


@dataclass(frozen=True)
class Scene:
    """A sentence with blanks, and (question with blanks, names of the blanks that answer it)."""

    text: str
    questions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Filled:
    """A scene with its blanks filled: the span (start, end) of each in the text, and what it says there."""

    text: str
    spans: Mapping[str, tuple[int, int]]
    questions: tuple[tuple[str, tuple[int, int]], ...]


def read_scenes(text: str = _SCENES) -> tuple[Scene, ...]:
    """Return the scenes of this file: a line of text, below it its questions with their answers, set in."""
    scenes: list[Scene] = []
    for line in text.splitlines():
        if line.startswith("  "):
            question, _, blank = line.strip().partition(" | ")
            scenes[-1] = Scene(scenes[-1].text, (*scenes[-1].questions, (question, blank)))
        else:
            scenes.append(Scene(line, ()))
    return tuple(scenes)


def fill(scene: Scene, names: Names, numbers: random.Random) -> Filled:
    """Return the scene with a name or word drawn for each blank.

    >>> scene = Scene("I have {count} {thing}s.", (("How many {thing}s?", "count"),))
    >>> filled = fill(scene, Names((), (), (), ()), random.Random(0))
    >>> filled.text[slice(*filled.questions[0][1])] in filled.text
    True
    """
    values: dict[str, str] = {}
    for sort, number in _BLANK.findall(scene.text):
        while (value := _drawn(sort, names, numbers)) in values.values():
            pass
        values[sort + number] = value
    text, spans = "", dict[str, tuple[int, int]]()
    at = 0
    for match in _BLANK.finditer(scene.text):
        text += scene.text[at : match.start()]
        blank = match[1] + match[2]
        spans[blank] = (len(text), len(text) + len(values[blank]))
        text += values[blank]
        at = match.end()
    text += scene.text[at:]
    questions = []
    for question, blank in scene.questions:
        first, _, last = blank.partition("+")
        end = spans[last][1] + (text[spans[last][1] :].startswith("s ")) if last else spans[first][1]
        questions.append(
            (_BLANK.sub(lambda match: values[match[1] + match[2]], question), (spans[first][0], end))
        )
    return Filled(text, spans, tuple(questions))


def _drawn(sort: str, names: Names, numbers: random.Random) -> str:
    if sort == "person":
        return names.first_name(numbers) if numbers.random() < 0.5 else names.person(numbers)
    if sort == "place":
        return names.place(numbers)
    if sort == "organization":
        return names.organization(numbers)
    if sort == "people":
        return names.people(numbers)
    if sort == "year":
        return str(numbers.randint(1750, 2029))
    if sort == "time":
        return numbers.choice(("{} o'clock", "{} am", "{} pm", "half past {}", "{}:30")).format(
            numbers.randint(1, 12)
        )
    if sort == "count":
        return numbers.choice(_NUMBERS.split()) if numbers.random() < 0.5 else str(numbers.randint(2, 900))
    return numbers.choice(_WORDS[sort].split())
