"""Attributes and relations in the ordinary executor."""

from __future__ import annotations

from tests.execution.toys import WITHHELD, Shelf, ToyHost, ToyRow, execute


def host_of(*rows: ToyRow) -> ToyHost:
    """A host with these toys."""
    return ToyHost(Shelf(list(rows)))


async def test_an_attribute_is_read_from_the_column_that_it_names() -> None:
    result = await execute(host_of(ToyRow("Bear")), "{ toys { name paint loud } }")

    assert result.errors is None
    assert result.data == {"toys": [{"name": "Bear", "paint": "red", "loud": "BEAR"}]}


async def test_all_parents_are_asked_for_at_once_each_key_once_and_no_none() -> None:
    host = host_of(ToyRow("Bear", 1), ToyRow("Car", 2), ToyRow("Doll", 1), ToyRow("Kite", None))

    result = await execute(host, "{ toys { owner { name } } }")

    assert result.data == {
        "toys": [
            {"owner": {"name": "Owner 1"}},
            {"owner": {"name": "Owner 2"}},
            {"owner": {"name": "Owner 1"}},
            {"owner": None},
        ]
    }
    assert host.shelf.batches == [[1, 2]]


async def test_a_relation_asked_for_twice_is_two_batches_with_their_own_arguments() -> None:
    result = await execute(host_of(ToyRow("Bear", 3)), "{ toys { one: friends(most: 1) { name } friends { name } } }")

    assert result.data == {
        "toys": [{"one": [{"name": "Friend 0"}], "friends": [{"name": f"Friend {n}"} for n in range(3)]}]
    }


async def test_a_list_without_a_row_is_empty_and_an_object_without_one_is_null() -> None:
    result = await execute(
        host_of(ToyRow("Bear", 0), ToyRow("Car", 100)), "{ toys { friends { name } owner { name } } }"
    )

    assert result.data is not None
    assert result.data["toys"][0] == {"friends": [], "owner": {"name": "Owner 0"}}
    assert result.data["toys"][1]["owner"] is None


async def test_what_is_out_of_reach_is_withheld_unread_and_named_once() -> None:
    host = ToyHost(Shelf([ToyRow("Bear", 1), ToyRow("Car", 2)]), reach=WITHHELD)

    result = await execute(host, "{ toys { secret friends { name } } }")

    assert result.data == {"toys": [{"secret": None, "friends": None}] * 2}
    assert result.extensions is not None
    assert result.extensions["withheld"] == [
        {"field": "Toy.friends", "capability": "toys:read_owner"},
        {"field": "Toy.secret", "capability": "toys:read_owner"},
    ]


async def test_a_refusal_of_a_relation_keeps_its_code() -> None:
    result = await execute(host_of(ToyRow("Bear", 13)), "{ toys { owner { name } } }")

    assert result.data == {"toys": [{"owner": None}]}
    assert result.errors is not None
    (error,) = result.errors
    assert (error.message, error.path) == ("This owner is broken.", ["toys", 0, "owner"])
    assert error.extensions == {"code": "BROKEN", "hint": "Mend it.", "path": ["key"]}
