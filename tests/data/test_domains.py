import pytest

from configs import common
from sggan_jax.config import Config, Data
from sggan_jax.data import domains
from sggan_jax.data.domains import check_id_spaces, open_training
from sggan_jax.types import InputError


class Named:
    """Examples that are their own names, of a data set with one of another split."""

    elsewhere = ("val_00",)

    def __init__(self, names):
        self.names = tuple(names)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        return {"name": self.names[index]}


@pytest.fixture
def opened(monkeypatch):
    """Open the domains of a configuration without any data: 40 images in each."""

    def open_domain(data, domain, size):
        assert size == (256, 512)
        return Named(f"{domain}_{k:02}" for k in range(40))

    monkeypatch.setattr(domains, "open_domain", open_domain)

    def make(seed=0, method="sggan", **data):
        config = common.get_config()
        config.seed, config.method = seed, method
        config.data.update(data)
        return open_training(Config.from_dict(config.to_dict()))

    return make


def test_all_images_are_used_where_no_number_is_given(opened):
    virtual, real = opened()
    assert (len(virtual), len(real)) == (40, 40)


def test_a_cap_draws_some_of_them_at_random(opened):
    virtual, real = opened(virtual_count=12, real_count=12)
    for source, domain in ((virtual, "virtual"), (real, "real")):
        assert [source[k]["name"] for k in range(12)] == list(source.names)
        assert list(source.names) == sorted(set(source.names))
        assert source.names != tuple(f"{domain}_{k:02}" for k in range(12))
    # Each domain draws places of its own.
    assert {name[-2:] for name in virtual.names} != {name[-2:] for name in real.names}


def test_the_seed_decides_which(opened):
    first = opened(virtual_count=12)[0].names
    assert opened(virtual_count=12)[0].names == first
    assert opened(virtual_count=12, seed=1)[0].names != first


def test_a_smaller_draw_is_part_of_a_larger_one(opened):
    assert set(opened(virtual_count=5)[0].names) < set(opened(virtual_count=12)[0].names)


def test_a_list_chooses_by_name(opened, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("virtual_07\nvirtual_31\nvirtual_02\n")
    virtual, real = opened(virtual_list=str(path))
    assert virtual.names == ("virtual_02", "virtual_07", "virtual_31")
    assert len(real) == 40
    assert set(opened(virtual_list=str(path), virtual_count=2)[0].names) < set(virtual.names)


@pytest.mark.parametrize(
    "text",
    [
        "virtual_07\nval_00\nvirtual_31\n",  # of all splits, as launch.adapt lists what it accepts
        "virtual_07\r\nvirtual_31\r\n",
        "images/virtual_07.png\nimages/virtual_31.png\n",
        "virtual_07.jpg\nvirtual_31.PNG\n",
        "/data/adapted/images/virtual_07.png\nC:\\adapted\\images\\virtual_31.png\n",
    ],
    ids=["splits", "CRLF", "paths", "files", "far paths"],
)
def test_lists_of_other_programs_choose_the_same(opened, tmp_path, text):
    path = tmp_path / "list.txt"
    path.write_bytes(text.encode())
    assert opened(virtual_list=str(path))[0].names == ("virtual_07", "virtual_31")


def test_a_list_of_another_split_alone_is_refused(opened, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("val_00\n")
    with pytest.raises(InputError, match=r"other splits of the data set alone, such as 'val_00'"):
        opened(virtual_list=str(path))
    path.write_text("virtual_07\nimages/virtual_07.png\n")
    with pytest.raises(InputError, match=r"names 'virtual_07' more than once"):
        opened(virtual_list=str(path))


def test_rare_classes_are_repeated_where_asked(opened, monkeypatch):
    monkeypatch.setattr(domains, "balance", lambda source, threshold, seed: [threshold, seed])
    assert opened(balance=0.3, seed=5)[1] == [0.3, (5, 1, 0, 1, 1)]


def test_a_list_of_another_data_set(opened, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("virtual_07\n")
    with pytest.raises(InputError, match=r"list\.txt names 1 images .* called like 'real_00'"):
        opened(real_list=str(path))
    with pytest.raises(InputError, match=r"has 1 in .*list"):
        opened(virtual_list=str(path), virtual_count=2)


def test_an_empty_real_domain_is_none(opened):
    virtual, real = opened(method="segmenter", real="")
    assert len(virtual) == 40
    assert real is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"real_count": 41}, "data.real_count asks for 41 images, but the real data set has 40"),
    ],
)
def test_impossible_numbers_of_images(opened, data, sentence):
    with pytest.raises(InputError, match=sentence):
        opened(**data)


def own_table(path, names):
    text = 'groups = ["all"]\n' + "".join(
        f'[[class]]\nid = {k}\nname = "{name}"\ncolour = [{k}, 0, 0]\ngroup = "all"\n'
        for k, name in enumerate(names)
    )
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("class_groups", ["paper8", "ten", "cityscapes19"])
def test_two_id_spaces_are_refused(tmp_path, class_groups):
    """Own ids on one side, Cityscapes' on the other."""
    data = common.get_config().data
    data.virtual = data.real = "folder"
    data.virtual_table = own_table(tmp_path / "own.toml", ("road", "sky"))
    data.class_groups = class_groups
    with pytest.raises(InputError, match="one id means two classes"):
        check_id_spaces(Data.from_dict(data.to_dict()))
    data.real_table = data.virtual_table
    with pytest.raises(InputError, match=rf"'{class_groups}' groups Cityscapes ids, but labels"):
        check_id_spaces(Data.from_dict(data.to_dict()))
    data.class_groups = data.virtual_table
    check_id_spaces(Data.from_dict(data.to_dict()))
    data.real_table = own_table(tmp_path / "other.toml", ("sky", "road"))
    with pytest.raises(InputError, match="one id means two classes"):
        check_id_spaces(Data.from_dict(data.to_dict()))
    data.class_groups = "one"  # CycleGAN looks at no labels
    check_id_spaces(Data.from_dict(data.to_dict()))


def test_tables_that_are_stored_alike_pass():
    data = common.get_config().data
    data.virtual, data.real, data.virtual_table = "folder", "camvid", "gtav"
    check_id_spaces(Data.from_dict(data.to_dict()))
