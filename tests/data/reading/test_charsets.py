"""Encodings older than Unicode are told apart by what their bytes would mean."""

from pathlib import Path

import pytest

from metatune.data.reading.charset import find_encoding, other_encoding
from metatune.data.reading.table_reader import read_table
from metatune.errors import TableError

TEXTS = {
    "gbk": "年龄,城市,购买\n20,北京,是\n21,上海,否\n22,广州,是\n",
    "gb18030": "姓名,城市\n李雷,北京\n韩梅梅,上海\n",
    "big5": "年齡,城市,購買\n20,臺北,是\n21,高雄,否\n",
    "shift_jis": "名前,都市\nたろう,東京\nさくら,大阪\n",
    "euc_jp": "名前,都市\nたろう,東京\nさくら,大阪\n",
    "euc_kr": "이름,도시,나이\n김철수,서울,5\n박영희,부산,6\n이민수,대구,7\n",
    "cp1251": "имя,город,цена\nИван,Москва,5\nПётр,Тула,6\n",
    "koi8-r": "имя,город,цена\nИван,Москва,5\nПётр,Тула,6\n",
    "cp866": "имя,город,цена\nИван,Москва,5\nПётр,Тула,6\n",
    "cp1253": "όνομα,πόλη\nΓιώργος,Αθήνα\n",
    "cp1252": "city,n\nZürich “x”,1\nit’s,2\nSão Paulo,3\n",
    "cp1250": "miasto,zł\nŁódź,5\nkrąg,6\nżółw,7\n",
    "cp850": "Stadt,n\nZürich,1\nKöln,2\nStraße,3\n",
    "mac_roman": "place,n\ncafé in Zürich,1\nit’s,2\n",
    "latin-1": "ville,°C,½\nÉvry,é,è\nà la,Ü,ÄÖÜ\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_texts_come_back_as_they_were(encoding: str) -> None:
    data = TEXTS[encoding].encode(encoding)
    assert data.decode(find_encoding(data, complete=True, label="t")) == TEXTS[encoding]


def test_a_blank_that_does_not_break_is_one(tmp_path: Path) -> None:
    """A Mac writes it with the byte that is Ê in Western Europe."""
    lines = [b"level\xcaof it,cuisines,n", *(b"some\xcacells,x,%d" % i for i in range(9))]
    (tmp_path / "t.csv").write_bytes(b"\n".join(lines))
    table = read_table(tmp_path / "t.csv")
    assert list(table.frame.columns) == ["level\xa0of it", "cuisines", "n"]
    assert table.frame.iloc[0, 0] == "some\xa0cells"
    assert table.source.encoding == "mac_roman"


def test_an_encoding_that_fails_far_down_is_replaced() -> None:
    assert other_encoding("имя,город,цена\n".encode("cp1251"), "utf-8") == "cp1251"
    assert other_encoding(b"caf\xe9", "latin-1") == "latin-1"


def test_chinese_far_down(tmp_path: Path) -> None:
    content = b"name,n\n" + b"plain,1\n" * 200_000 + "北京市,2\n上海市,3\n".encode("gbk")
    (tmp_path / "t.csv").write_bytes(content)
    assert read_table(tmp_path / "t.csv").frame["name"].iloc[-1] == "上海市"


def test_control_characters_that_separate_nothing_are_binary() -> None:
    with pytest.raises(TableError, match="binary"):
        find_encoding(bytes(range(1, 256)) * 20, complete=True, label="t")
