"""Dates in words and periods are dates, in the languages of Europe and with eastern signs."""

import numpy as np
import pandas as pd
import pytest

from metatune.data.columns.cleaning import clean_column
from metatune.data.columns.column import Column, ColumnKind
from metatune.data.columns.date_words import plain_date
from metatune.data.columns.inference import infer_columns

N = 80
DAYS = [pd.Timestamp("2018-01-03") + pd.Timedelta(days=17 * i % 1_400) for i in range(N)]
MONTHS = {
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre "
    "décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre "
    "novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november "
    "december",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "French, short": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
}


def understood(cells: list[str]) -> tuple[Column, "pd.Series[pd.Timestamp]"]:
    frame = pd.DataFrame({"c": cells, "z": np.random.default_rng(0).normal(size=len(cells))})
    column = infer_columns(frame)[0]
    return column, clean_column(frame["c"], column)


def ordinal(number: int) -> str:
    usual = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 20 else usual}"


@pytest.mark.parametrize("language", MONTHS)
def test_names_of_months(language: str) -> None:
    names = MONTHS[language].split()
    column, read = understood([f"{d.day} {names[d.month - 1]} {d.year}" for d in DAYS])
    assert column.kind is ColumnKind.DATETIME
    assert "dates in words or periods" in column.note
    assert read.tolist() == DAYS


WRITTEN = {
    "ordinal": lambda d: f"{ordinal(d.day)} {d:%B %Y}",
    "ordinal with of": lambda d: f"the {ordinal(d.day)} of {d:%B}, {d.year}",
    "month first": lambda d: f"{d:%B} {ordinal(d.day)}, {d.year}",
    "weekday": lambda d: f"{d:%A}, {ordinal(d.day)} {d:%b} {d.year}",
    "Chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "Korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일",
    "Spanish": lambda d: f"{d.day} de {MONTHS['Spanish'].split()[d.month - 1]} de {d.year}",
    "German": lambda d: f"{d.day}. {MONTHS['German'].split()[d.month - 1]} {d.year}",
    "Portuguese": lambda d: (
        f"Terça-feira, {d.day} de {MONTHS['Portuguese'].split()[d.month - 1]} de {d.year}"
    ),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_days_in_words(form: str) -> None:
    column, read = understood([WRITTEN[form](d) for d in DAYS])
    assert column.kind is ColumnKind.DATETIME
    assert read.tolist() == DAYS


def test_times_of_databases_and_with_a_word() -> None:
    instants = [d + pd.Timedelta(hours=7 * i % 24, minutes=i % 60) for i, d in enumerate(DAYS)]
    for form in ("%d-%b-%y %I.%M.%S %p", "%d-%b-%y %I.%M.%S.000000 %p", "%d.%m.%Y, %H:%M Uhr"):
        _, read = understood([d.strftime(form).upper() for d in instants])
        assert read.tolist() == instants


PERIODS = {
    "quarters": (["Q{q} {y}", "{y}Q{q}", "{y}-Q{q}", "{q}Q{y}", "{y} Q{q}", "Qtr {q} {y}"], 3),
    "halves": (["H{h} {y}", "{y}-H{h}"], 6),
}


@pytest.mark.parametrize("name", PERIODS)
def test_periods_begin_with_their_first_day(name: str) -> None:
    forms, months = PERIODS[name]
    for form in forms:
        cells = [form.format(q=d.quarter, h=1 + (d.month > 6), y=d.year) for d in DAYS]
        column, read = understood(cells)
        assert column.kind is ColumnKind.DATETIME
        first = [pd.Timestamp(d.year, (d.month - 1) // months * months + 1, 1) for d in DAYS]
        assert read.tolist() == first


def test_weeks_begin_on_mondays() -> None:
    for form in ("%G-W%V", "%GW%V", "%G W%V"):
        _, read = understood([d.strftime(form) for d in DAYS])
        assert read.tolist() == [d - pd.Timedelta(days=d.weekday()) for d in DAYS]
    assert understood([d.strftime("%G-W%V-%u") for d in DAYS])[1].tolist() == DAYS


@pytest.mark.parametrize(
    "cells",
    [
        [f"Q{1 + i % 4}" for i in range(N)],
        [f"W{1 + i % 50}" for i in range(N)],
        [f"{1 + i % 9} days ago in {['may', 'june'][i % 2]}" for i in range(N)],
        [f"{['the', 'of', 'le'][i % 3]} {i}th wonder" for i in range(N)],
        [f"Q{1 + i % 4} {3000 + i}" for i in range(N)],
        [f"2019-W{60 + i % 30}" for i in range(N)],
        [f"{i}. Mai" if i % 2 else "nie" for i in range(N)],
    ],
)
def test_other_words_are_no_dates(cells: list[str]) -> None:
    assert understood(cells)[0].kind is not ColumnKind.DATETIME


@pytest.mark.parametrize("text", ["", " ", "2019-W60", "x" * 100, "the", "Q5 2019", "年月日"])
def test_any_text_has_a_plain_form(text: str) -> None:
    assert isinstance(plain_date(text), str)


def test_cells_to_predict_are_read_in_the_same_way() -> None:
    column, _ = understood([f"{d.day} {d:%B} {d.year}".replace("May", "Mai") for d in DAYS])
    new = clean_column(pd.Series(["3rd of May 2020", "3 May 2020", "no day", None]), column)
    assert new.tolist()[:2] == [pd.Timestamp("2020-05-03")] * 2
    assert new.isna().tolist() == [False, False, True, True]
