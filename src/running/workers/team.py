"""The run's side of its workers: starts them, hands them samples, sends again what a killed one had."""

import asyncio
import contextlib
import dataclasses
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...basics.command import Stop
from ...basics.text import shortened
from ...calling.endpoint import Endpoint
from ...calling.outcomes import told
from ...calling.session import Bill, Failed, Misfit, Session
from ...calling.stage import AskSeats
from ...calling.store import Store
from ..job import Item, Job
from ..settings import Running
from .keeper import KEEPER_GONE, Keeper, State
from .member import Lost, Member
from .worker import Ended, Worker

log = logging.getLogger(__name__)

SOURCE = Path(__file__).parents[2]
LOOKED_AT = 0.5  # seconds between looks at what all have done
MOST_STARTS = 20  # of one worker, without a sample that it has ended


@dataclasses.dataclass
class Team:
    """All workers, and their keeper."""

    ray: Any
    keeper: Any
    members: list[Member]
    store: Store | None
    endpoints: Mapping[str, Endpoint]
    """The run's own, by seat; what the workers used is put on their meters."""
    resumed: bool
    """The store had replies when the run began."""
    equipment: Sequence[Any] = ()
    """What each worker begins with, as Ray keeps it."""
    ready: asyncio.Condition = dataclasses.field(default_factory=asyncio.Condition)

    async def make(self, ask: AskSeats, item: Item) -> Any:
        """Have a worker make a sample. Raises as the method itself would."""
        assert isinstance(ask, Session)
        again = self.resumed
        while True:
            member = await self.free()
            known = self.store.of_sample(ask.sample) if self.store and again else {}
            try:
                ended = await member.make(item, ask.sample, known)
            except Lost as lost:
                log.debug("worker %s: %s", member.name, lost)
                again = True
                await self.lost(member)
                continue
            member.starts = 0
            return await self.come(ask, ended)

    async def come(self, ask: Session, ended: Ended) -> Any:
        """What a worker has sent back, as if it had been made here."""
        for field in dataclasses.fields(Bill):
            setattr(ask.bill, field.name, getattr(ended.bill, field.name))
        told(ended.notes, ask.outcomes)
        if ended.stop:
            with contextlib.suppress(self.ray.exceptions.RayError):  # it may be gone, and that the reason
                await self.keeper.stop.remote(ended.stop)
            raise ended.stop
        if ended.failed:
            raise (Misfit if ended.misfit else Failed)(*ended.failed)
        if ask.outcomes.stages:
            ask.outcomes.any_usable.set()
        return ended.made

    async def free(self) -> Member:
        """The worker that has the least to do, of those that are ready."""
        async with self.ready:
            await self.ready.wait_for(lambda: any(member.there for member in self.members))
        return min((member for member in self.members if member.there), key=lambda member: member.load)

    async def lost(self, member: Member) -> None:
        """A worker was killed: what it held is given back, and it gets nothing until it is there again."""
        if member not in self.members:
            return  # another sample of it has said so
        self.members.remove(member)
        again = Member(member.actor, member.starts + 1)
        self.members.append(again)
        log.warning("a worker was lost; its samples are sent again with the replies that they have")
        await self.keeper.lost.remote(member.name)
        if again.starts > MOST_STARTS:
            raise Stop(
                "A worker dies each time that it is started: look at the memory of its machine, and at Ray's log."
            )
        await self.start(again)

    async def start(self, member: Member) -> None:
        """Wait until a worker is ready."""
        while not member.there:
            try:
                name = await member.actor.begin.remote(*self.equipment)
            except self.ray.exceptions.RayActorError as error:
                member.starts += 1
                if member.starts > MOST_STARTS:
                    raise Stop(f"A worker cannot be started ({shortened(str(error))}).") from error
                await asyncio.sleep(0.2)
            else:
                async with self.ready:
                    member.name, member.there = name, True
                    self.ready.notify_all()

    async def look(self) -> None:
        """Put what all workers have used on the run's own meters."""
        try:
            state: State = await self.keeper.state.remote()
        except self.ray.exceptions.RayError as error:
            raise Stop(KEEPER_GONE) from error
        common = self.endpoints[""].common
        common.calls, common.retries = state.calls, state.retries
        for seat, used in state.used.items():
            self.endpoints[seat].meter.used = used
            self.endpoints[seat].outage.follow(state.troubles[seat])

    async def keep_looking(self) -> None:
        with contextlib.suppress(Stop):  # the workers say so
            while True:
                await asyncio.sleep(LOOKED_AT)
                await self.look()


@contextlib.asynccontextmanager
async def team_for(
    config: Running, job: Job[Any], store: Store | None, endpoints: Mapping[str, Endpoint], keys: Mapping[str, str]
) -> AsyncIterator[Team]:
    """The workers of a run, for as long as the block lasts. Raises Stop where they cannot be had."""
    ray = started(config)
    try:
        configs = {seat: endpoint.config for seat, endpoint in endpoints.items()}
        before = {seat: endpoint.meter.before for seat, endpoint in endpoints.items()}
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        quiet = {"enable_task_events": False}  # a line for each call in Ray's own account costs more than some calls do
        beside = ray.remote(Keeper).options(**quiet, num_cpus=0, scheduling_strategy=here)
        keeper = beside.remote(configs, dict(keys), before)
        if store:
            await keeper.open.remote(store.path.resolve())
        team = Team(ray, keeper, [], store, endpoints, bool(store and store.billed().total))
        options = {"num_cpus": int(bool(config.ray_address)), "max_restarts": -1, "scheduling_strategy": "SPREAD"}
        actor = ray.remote(Worker).options(**quiet, **options, max_concurrency=100_000)
        address = await keeper.listen.remote(ray.util.get_node_ip_address() if config.ray_address else "127.0.0.1")
        team.equipment = [ray.put(each) for each in (address, job.make, configs, dict(keys))]
        team.members = [Member(actor.remote()) for _ in range(config.workers or 1)]
        starting = [asyncio.create_task(team.start(member)) for member in team.members]
        looking = asyncio.create_task(team.keep_looking())
        try:
            yield team
        finally:
            for task in (looking, *starting):
                task.cancel()
            for member in team.members:
                member.end()
    finally:
        ray.shutdown()


def started(config: Running) -> Any:
    """Ray, on this machine or in the cluster that is named. Raises Stop where it is not there."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told that it runs
    try:
        import ray  # noqa: PLC0415 (optional)
        import ray.util.scheduling_strategies  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise Stop(f"{error.name} is missing, for --workers: pip install -r requirements-cluster.txt") from error
    if config.ray_address.startswith("ray://"):
        raise Stop(
            f"--ray-address {config.ray_address} leads in from outside, and records are kept inside:"
            " start the run on a machine of the cluster, with --ray-address auto."
        )
    told: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if config.ray_address:
        os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")  # tries; each takes Ray half a minute
        told |= {"address": config.ray_address, "runtime_env": {"py_modules": [str(SOURCE)]}}
    else:
        path = os.pathsep.join(filter(None, (str(SOURCE.parent), os.environ.get("PYTHONPATH"))))
        # "local", since without an address Ray joins whatever cluster was last begun here, though it may be long dead.
        told |= {"address": "local", "include_dashboard": False, "runtime_env": {"env_vars": {"PYTHONPATH": path}}}
    try:
        ray.init(**told)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the Ray cluster {config.ray_address}" if config.ray_address else "Ray"
        raise Stop(f"{where} cannot be used ({shortened(str(error))}): check --ray-address.") from error
    return ray
