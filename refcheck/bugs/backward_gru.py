"""One step of a GRU back: a right step whose derivative is another one's."""

from refcheck.bugs.backward import BACK, pulling
from refcheck.bugs.bug import GRUS, Bug
from refcheck.bugs.planted import stepping
from refcheck.bugs.steps import mixed
from refcheck.reverse import passing, untraced

BUGS = (
    Bug(
        "update-gate-gradient-of-the-other-sign",
        "The gradient of the update gate is a product with n − h, not with h − n.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed,
                lambda z, n, h, r: z * untraced(n - h) + mixed(untraced(z), n, h, r),
            )
        ),
        needs=BACK,
    ),
    Bug(
        "update-gate-gradient-without-the-candidate",
        "The gradient of the update gate is a product with h, not with h − n.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed, lambda z, n, h, r: z * untraced(h) + mixed(untraced(z), n, h, r)
            )
        ),
        needs=BACK,
    ),
    Bug(
        "state-gradient-past-the-update-gate-lost",
        "The gradient of the state lacks what was kept: z times that of the next.",
        GRUS,
        stepping(mixed=pulling(mixed, lambda z, n, h, r: mixed(z, n, untraced(h), r))),
        needs=BACK,
    ),
    Bug(
        "state-gradient-through-the-candidate-lost",
        "The gradient of the state lacks what goes through the candidate.",
        GRUS,
        stepping(candidate=lambda x_n, h_n, r: x_n + passing(h_n, lambda g: g * 0)),
        needs=BACK,
    ),
    Bug(
        "reset-gate-gets-no-gradient",
        "The gradient of the reset gate is never computed.",
        GRUS,
        stepping(opened=lambda r, z: (untraced(r), z)),
        needs=BACK,
    ),
    Bug(
        "candidate-gradient-times-the-update-gate",
        "The gradient of the candidate is handed on times z, not times 1 − z.",
        GRUS,
        stepping(
            mixed=pulling(
                mixed,
                lambda z, n, h, r: mixed(z, untraced(n), h, r) + untraced(z) * n,
            )
        ),
        needs=BACK,
    ),
)
