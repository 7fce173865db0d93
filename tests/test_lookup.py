"""Laws by name and pattern."""

import pytest

from refcheck.catalogue import laws
from refcheck.errors import RefcheckError
from refcheck.lookup import meant, named, require_known
from refcheck.settings import Settings

LAWS = laws()


def test_a_law_is_found_by_its_name() -> None:
    assert named("outputs-agree", LAWS) is LAWS["outputs-agree"]


def test_a_misspelt_law_is_told_what_it_probably_means() -> None:
    with pytest.raises(RefcheckError, match=r"did you mean outputs-agree\b.*\?$"):
        named("output-agrees", LAWS)


def test_a_name_like_no_other_is_told_where_the_names_stand() -> None:
    assert meant("xyz", LAWS) == "; refcheck laws lists them."


@pytest.mark.parametrize("pattern", ["outputs-agree", "*agree*", "agreement"])
def test_a_pattern_may_fit_laws_or_families(pattern: str) -> None:
    require_known(Settings(select=(pattern,)), LAWS)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(select=("*agree*", "agrement")),
        Settings(exclude={"agreement": "no law"}),
    ],
    ids=["select", "exclude"],
)
def test_what_fits_nothing_is_refused(settings: Settings) -> None:
    with pytest.raises(RefcheckError, match="agre"):
        require_known(settings, LAWS)
