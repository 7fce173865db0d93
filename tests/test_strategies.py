"""Which cases are asked: the rules of generation, and that each of them is met."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find

from refcheck.bugs.planted import planted
from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind, Spec
from refcheck.landmarks import BASE, LANDMARKS, chosen, familiar
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, SCALES, Recipe, array, case_from, lengths
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import effort
from refcheck.settings import Settings
from refcheck.strategies import Cases

CELL = MeasuredCell(ReferenceCell(Kind.LSTM))
FULL = Cases(batch_first=None, batch=(1, 130))


def landmark_cases(cases: Cases = FULL):
    return [cases.build(r, CELL) for r in cases.landmarks(CELL.signature, seed=1)]


def test_seeds_grow_from_zeros_to_numbers_with_all_their_bits() -> None:
    assert not array(0, (2, 3)).any()
    assert array(3, (2, 3)).tolist() == [[0, 0, 1], [0, 0, 0]]
    assert array(33, (2,)).tolist() == [1, 1]
    generic = array(GENERIC, (50,))
    assert len(set(generic)) == 50
    assert abs(generic).max() <= 1.5
    assert (generic != generic.astype(np.float16)).any()


def test_seeds_and_salts_give_different_arrays() -> None:
    arrays = [array(GENERIC + s, (4,), salt=k) for s in range(3) for k in range(3)]

    assert len({a.tobytes() for a in arrays}) == 9


@pytest.mark.parametrize("batch", [2, 5])
def test_lengths_hold_one_and_the_whole_time_unless_simple(batch) -> None:
    drawn = lengths(12345, 6, batch)

    assert lengths(0, 6, batch).tolist() == [6] * batch
    assert drawn.max() == 6
    assert drawn.min() == 1


def test_one_row_alone_may_end_anywhere() -> None:
    drawn = {int(lengths(seed, 6, 1)[0]) for seed in range(1, 100)}

    assert drawn == {1, 2, 3, 4, 5, 6}
    assert lengths(0, 6, 1).tolist() == [6]


POWER = {
    "one step": lambda c: c.time == 1,
    "more than 64 steps": lambda c: c.time > 64,
    "more than 16 steps": lambda c: 16 < c.time < 30,
    "one row": lambda c: c.batch == 1,
    "more than 8 rows": lambda c: c.batch > 8,
    "more than 16 rows": lambda c: 16 < c.batch < 30,
    "more than 128 rows": lambda c: c.batch > 128,
    "D = H": lambda c: c.spec.input_size == c.spec.hidden_size > 1,
    "T = N": lambda c: c.time == c.batch > 1,
    "T = N, batch first": lambda c: c.time == c.batch > 1 and c.spec.batch_first,
    "H not a multiple of 4": lambda c: (
        c.spec.hidden_size % 4 and c.spec.hidden_size > 4
    ),
    "more than 32 units": lambda c: c.spec.hidden_size > 32,
    "three layers, D = H": lambda c: c.spec.num_layers == 3,
    "both directions": lambda c: c.spec.bidirectional,
    "stacked directions": lambda c: c.spec.bidirectional and c.spec.num_layers > 1,
    "no bias": lambda c: not c.spec.bias,
    "no state": lambda c: c.state is None,
    "a state, no lengths": lambda c: c.state is not None and c.lengths is None,
    "no state, lengths": lambda c: c.state is None and c.lengths is not None,
    "neither": lambda c: c.state is None and c.lengths is None,
    "length 1 beside T": lambda c: (
        c.lengths is not None and {1, c.time} <= set(c.lengths.tolist())
    ),
    "float32": lambda c: c.spec.dtype == "float32",
    "a row of zeros with a state": lambda c: (
        c.state is not None and (c.inputs == 0).all(axis=2).any()
    ),
    "all sizes distinct": lambda c: (
        len({c.time, c.batch, c.spec.input_size, c.spec.hidden_size}) == 4
    ),
}
OFFERING_ALL = MeasuredCell(ReferenceCell(Kind.LSTM))
OFFERING_ALL.signature = replace(
    CELL.signature,
    capabilities=CELL.signature.capabilities | Capability.BATCH_FIRST,
)


@pytest.mark.parametrize("rule", POWER)
def test_the_landmarks_meet_every_rule(rule) -> None:
    cell = OFFERING_ALL
    cases = [FULL.build(r, cell) for r in FULL.landmarks(cell.signature, seed=1)]

    assert any(POWER[rule](case) for case in cases)


def test_every_scale_is_a_landmark() -> None:
    used = {changes.get("scale", 0) for changes in LANDMARKS.values()}

    assert used == set(range(len(SCALES)))


def test_shrinking_ends_at_one_step_of_zeros() -> None:
    simplest = find(FULL.recipes(CELL.signature), lambda _: True)

    assert (simplest.time, simplest.batch, simplest.hidden_size) == (1, 1, 1)
    assert set(simplest.seeds.values()) == {0}


def test_a_restriction_holds_on_every_landmark() -> None:
    rules = Cases(
        lengths=True,
        state=False,
        layers=False,
        directions=False,
        bias=True,
        time=(2, 9),
        batch=(2, 5),
        hidden=(2, 4),
        scales=(0, 1),
        single=False,
    )

    for case in landmark_cases(rules):
        assert case.lengths is not None
        assert case.state is None
        assert (case.spec.num_layers, case.spec.bidirectional) == (1, False)
        assert case.spec.bias
        assert 2 <= case.time <= 9
        assert 2 <= case.batch <= 5
        assert 2 <= case.spec.hidden_size <= 4
        assert case.spec.dtype == "float64"


def test_what_is_drawn_beside_a_case_stands_in_it() -> None:
    rules = Cases(extra={"cut": lambda case, number: 1 + number % case.time})

    cuts = {case.extra["cut"] for case in landmark_cases(rules)}

    assert len(cuts) > 3


def test_a_case_can_be_transformed_after_it_is_drawn() -> None:
    rules = Cases(then=lambda _, case: case.but(inputs=np.zeros_like(case.inputs)))

    assert not any(case.inputs.any() for case in landmark_cases(rules))


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (Cases(batch_first=True), "batch first"),
        (Cases(layers=True), "several layers"),
        (Cases(lengths=True), "lengths"),
        (Cases(batch=(2, 3)), "a batch"),
        (Cases(single=False), "float64"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_cell_without_such_cases_is_told_why(rules, reason) -> None:
    from dataclasses import replace

    bare = replace(CELL.signature, capabilities=Capability.FORWARD, dtypes=("float32",))

    assert reason in rules.applies_to(bare)


def test_a_live_instance_keeps_its_sizes() -> None:
    from dataclasses import replace

    from refcheck.cell import Spec

    cell = MeasuredCell(ReferenceCell(Kind.GRU))
    live = cell.signature.capabilities & ~Capability.RESIZABLE
    cell.signature = replace(cell.signature, capabilities=live, fixed=Spec(3, 4))

    specs = {FULL.build(r, cell).spec for r in FULL.landmarks(cell.signature, seed=0)}

    assert {(s.input_size, s.hidden_size, s.num_layers) for s in specs} == {(3, 4, 1)}
    assert {s.dtype for s in specs} == {"float64", "float32"}


def test_a_recipe_and_its_case_agree() -> None:
    spec = Recipe(time=2, batch=3, input_size=4, hidden_size=5).spec(("float64",))

    case = case_from(Recipe(time=2, batch=3), spec, CELL.cell.shapes(spec))

    assert case.inputs.shape == (2, 3, 4)
    assert case.state is None
    assert case.grad_state[1].shape == (1, 3, 5)


def quick(law: str, seed: int = 0) -> list[Recipe]:
    return chosen(FULL, law, OFFERING_ALL.signature, seed=seed, most=6)


def test_half_of_what_a_run_asks_comes_first_and_the_rest_varies_with_the_law() -> None:
    first, other, again = (
        quick("outputs-agree"),
        quick("order-matters"),
        quick("order-matters"),
    )

    assert first[:3] == other[:3] == list(FULL.landmarks(OFFERING_ALL.signature, 0))[:3]
    assert first[3:] != other[3:]
    assert other == again
    assert quick("order-matters", seed=1)[3:] != other[3:]


@pytest.mark.parametrize(
    "option",
    [
        lambda r: r.single,
        lambda r: r.batch_first,
        lambda r: not r.bias,
        lambda r: r.bidirectional,
        lambda r: r.num_layers == 3,
        lambda r: not r.with_lengths,
    ],
)
def test_a_few_landmarks_for_each_law_meet_every_option(option) -> None:
    asked = [r for k in range(20) for r in quick(f"law-{k}")]

    assert sum(map(option, asked)) >= 6


SHAPE = ("time", "batch", "input_size", "hidden_size", "scale", "input_scale")


def test_a_run_that_affords_more_than_all_landmarks_meets_each_of_them() -> None:
    def told(recipes):
        return {tuple(getattr(r, name) for name in SHAPE) for r in recipes}

    found = chosen(FULL, "any", OFFERING_ALL.signature, seed=0, most=40)

    assert told(found) == told(FULL.landmarks(OFFERING_ALL.signature, 0))
    assert len(found) <= 40


@pytest.mark.parametrize("profile", ["default", "gate", "deep"])
@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.RNN_TANH], ids=lambda k: k.value)
def test_what_the_quick_profile_asks_the_longer_ones_ask_too(kind, profile) -> None:
    def asked(law, profile: str) -> list:
        most = min(effort(law, Settings(profile=profile)).landmarks, law.cases.most)
        return chosen(law.cases, law.name, signature, seed=5, most=most)

    signature = MeasuredCell(planted()(kind)).signature
    every = [law for law in laws().values() if not law.excuse(signature)]
    searched = [law for law in every if not law.cases.planted]

    assert len(searched) > 60
    for law in searched:
        longer = list(map(repr, asked(law, profile)))
        assert set(map(repr, asked(law, "quick"))) <= set(longer), law.name


def test_a_compiled_target_is_drawn_in_the_shapes_that_it_has_met() -> None:
    compiled = replace(CELL.signature, compiled=True)
    met = chosen(FULL, "any", compiled, seed=0, most=14)
    shapes = {(r.time, r.batch, r.spec(compiled.dtypes), r.with_state) for r in met}

    drawn = find(FULL.recipes(compiled, met), lambda r: r.time > 4 and r.scale > 1)

    found = (drawn.time, drawn.batch, drawn.spec(compiled.dtypes), drawn.with_state)
    assert found in shapes
    assert len({familiar(Recipe(t), met).time for t in range(1, 9)}) > 2


def test_what_a_compiled_target_is_drawn_has_other_values() -> None:
    met = [BASE.but(seeds={"inputs": 300, "lengths": 301}, extra=(7,))]
    drawn = Recipe(scale=3, seeds={"inputs": 500, "lengths": 501}, extra=(8,))

    found = familiar(drawn, met)

    assert found == BASE.but(scale=3, seeds={"inputs": 500, "lengths": 301}, extra=(7,))


def test_a_landmark_of_a_compiled_target_has_the_same_options_for_all_laws() -> None:
    def options(*, compiled: bool) -> list[set[str]]:
        signature = replace(OFFERING_ALL.signature, compiled=compiled)
        found = defaultdict(set)
        for law in "abcdefgh":
            for r in chosen(FULL, law, signature, seed=0, most=40)[20:]:
                found[str(r.seeds)].add(repr(r))
        return list(found.values())

    assert {len(found) for found in options(compiled=True)} == {1}
    assert max(map(len, options(compiled=False))) > 3


def test_a_final_state_that_is_not_returned_has_no_gradient() -> None:
    class Silent(ReferenceCell):
        def __init__(self, kind: Kind) -> None:
            super().__init__(kind)
            has = self.signature.capabilities & ~Capability.FINAL_STATE
            self.signature = replace(self.signature, capabilities=has)

    recipe = Recipe(3, 2, 3, 2, seeds={"final": GENERIC + 7})

    case = FULL.plain(recipe, MeasuredCell(Silent(Kind.GRU)))

    assert case is not None
    assert not any(g.any() for g in case.grad_state)


def test_a_target_of_two_directions_is_never_asked_one() -> None:
    both = replace(CELL.signature, fixed=Spec(4, 5, bidirectional=True))

    recipe = FULL.fitted(Recipe(3, 2, 3, 2), both)

    assert recipe.bidirectional
    assert (recipe.input_size, recipe.hidden_size) == (3, 2)
