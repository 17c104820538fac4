"""Members and grid points on four devices give the numbers of one."""

import subprocess
import sys

import numpy as np
import pytest

SHARDED = """
import sys
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from synoptax.assimilate import LETKF, Circle, GaspariCohn, Localisation, Multiplicative, Sharded, cycle
from synoptax.problems import Lorenz96Sakov2008
problem = Lorenz96Sakov2008(count=6, burn=2, spin_up=100)
twin = problem.simulate(jax.random.key(0))
def run(method):
    track = cycle(method, problem.model_dynamics, operator=problem.operator, observations=twin.observations,
        prior=twin.prior, key=jax.random.key(1))
    return np.asarray(track.analysis.mean), track.last.members.sharding
letkf = LETKF(8, Multiplicative(1.04), Localisation(GaspariCohn(), 4.0, Circle(40)))
mesh = Mesh(np.asarray(jax.devices()), ("over",))
spec = {"members": PartitionSpec("over"), "places": PartitionSpec(None, "over")}[sys.argv[1]]
one, _ = run(letkf)
several, where = run(Sharded(letkf, NamedSharding(mesh, spec)))
print(len(where.device_set), np.abs(several - one).max(), np.abs(one).max())
"""


@pytest.mark.parametrize("axis", ["members", "places"])
def test_four_devices_give_the_numbers_of_one(axis, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    ran = subprocess.run([sys.executable, "-c", SHARDED, axis], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    devices, apart, size = (float(v) for v in ran.stdout.split())
    assert devices == 4
    assert apart < 1e-9 and np.isfinite(size) and size > 1
