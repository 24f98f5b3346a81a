"""One composed function for each root field, in the one order that holds.

Transaction, capability, arguments that no field takes, resolver, journal.

The order is written here and nowhere else, so no author of a field can forget a part of it or swap two. A subscription
goes through it again for each of its events.

A domain error becomes the member of the field's union that is declared for it, else a GraphQL error with its code.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

from graphql import GraphQLError, GraphQLOutputType, get_named_type, is_union_type
from strawberry import Info

from audit.entries import Area, EventType, Outcome
from errors import UserError
from execution.arguments import require_instants
from execution.context import RequestContext, Told
from execution.declaration import Root, RootKind, argument_parameters
from execution.live import Live
from execution.rows import Refusal
from policies.decisions import Forbidden
from work import Task, Unauthenticated, Work

QUERY_REFUSED = Task(EventType("query.refused", Area.SYSTEM, outcomes=frozenset({Outcome.DENIED})))
"""Reading is not journaled, being refused is: whoever tries doors leaves a trace."""

Resolver = Callable[..., Any]


def compose(root: Root) -> Resolver:
    """Make the resolver of a root field from its declaration."""
    resolve: Resolver = _events_of(root) if root.kind is RootKind.SUBSCRIPTION else _resolver_of(root)
    arguments = argument_parameters(root.function)
    annotation = inspect.signature(root.function).return_annotation
    own = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    resolve.__signature__ = inspect.Signature([own, *arguments], return_annotation=annotation)  # type: ignore[attr-defined]  # inspect's own seam
    resolve.__annotations__ = {"info": Info, **{p.name: p.annotation for p in arguments}, "return": annotation}
    resolve.__module__ = root.function.__module__
    resolve.__name__ = root.name
    return resolve


def _resolver_of(root: Root) -> Resolver:
    answer = answer_of(root)

    async def resolve(info: Info, **arguments: Any) -> Any:
        return await answer(info.context, str(info.path.key), info._raw_info.return_type, arguments)

    return resolve


def answer_of(root: Root) -> Callable[..., Awaitable[Any]]:
    """Make what both executors call for a root field: `(context, response key, returned type, arguments) -> row`.

    Raises GraphQLError for a domain error that is no member of the returned type, and what is unexpected as it is.
    """
    if root.kind is RootKind.MUTATION:
        return _told_once(_answer(_carry_out_mutation(root)))
    ask = _answer(_carry_out_query(root))

    async def answer(context: RequestContext, _key: str, returned: GraphQLOutputType, arguments: dict[str, Any]) -> Any:
        return await ask(context, returned, arguments)

    return answer


def _answer(carry_out: Callable[..., Any]) -> Callable[..., Any]:
    async def answer(context: RequestContext, returned: GraphQLOutputType, arguments: dict[str, Any]) -> Any:
        try:
            return await carry_out(context, arguments)
        except UserError as error:
            return _as_answer(returned, error)

    return answer


def _told_once(perform: Callable[..., Any]) -> Callable[..., Any]:
    """A mutation's answer, kept: where the other executor asks for the same response key, it is told again."""

    async def answer(context: RequestContext, key: str, returned: GraphQLOutputType, arguments: dict[str, Any]) -> Any:
        if key in context.told:
            return context.told[key].again()
        try:
            value = await perform(context, returned, arguments)
        except Exception as error:
            context.told[key] = Told(error=error)
            raise
        context.told[key] = Told(value)
        return value

    return answer


def _events_of(root: Root) -> Resolver:
    task = task_of(root)

    async def resolve(info: Info, **arguments: Any) -> AsyncIterator[Any]:
        context: RequestContext = info.context
        try:
            require_instants(arguments)
            with context.host.database.epochs.hold() as hold:
                context.live = live = Live(context, task, hold)
                async with aclosing(root.function(live, **root.bound(arguments))) as events:
                    async for event in events:
                        await live.ensure_open()
                        yield event
        except UserError as error:
            if isinstance(error, Forbidden) and context.live is not None:
                context.note_refusal(context.live.work, QUERY_REFUSED, error)
            yield _as_answer(info._raw_info.return_type, error)
        finally:
            await context.close()

    return resolve


def task_of(root: Root) -> Task:
    """What the root field is to the gate and to the journal."""
    return Task(event=root.event, capability=root.requires, is_public=root.public is not None)


def _carry_out_query(root: Root) -> Callable[..., Any]:
    task = task_of(root)

    async def ask(context: RequestContext, work: Work, arguments: dict[str, Any]) -> Any:
        try:
            return await _call(root, task, work, arguments)
        except Forbidden as refusal:
            context.note_refusal(work, QUERY_REFUSED, refusal)
            raise

    async def read(context: RequestContext, arguments: dict[str, Any]) -> Any:
        return await ask(context, context.work, arguments)

    async def rehearse(context: RequestContext, arguments: dict[str, Any]) -> Any:
        async with context.host.rehearsal(context.caller) as work:
            return await ask(context, work, arguments)

    return rehearse if root.rehearsal else read


def _carry_out_mutation(root: Root) -> Callable[..., Any]:
    task = task_of(root)

    async def perform(context: RequestContext, arguments: dict[str, Any]) -> Any:
        async def run(work: Work) -> Any:
            return await _call(root, task, work, arguments), work.cookies

        try:
            payload, cookies = await context.host.perform(context.caller, task, run)
            context.cookies += cookies
            return payload
        finally:
            # What the payload shows of other objects is read after the commit, in a transaction of its own. There is
            # none where the session is over, as it is behind signing out and in front of signing in again.
            with suppress(Unauthenticated):
                await context.reopen()

    return perform


async def _call(root: Root, task: Task, work: Work, arguments: dict[str, Any]) -> Any:
    """Let the viewer through the gate and the arguments through their check, and call the field's function."""
    task.gate(work.viewer)
    require_instants(arguments)
    return await root.function(work, **root.bound(arguments))


def _as_answer(returned: GraphQLOutputType, error: UserError) -> Refusal:
    """The error as a member of the field's union; where it is no member, the GraphQL error that carries its code."""
    refusal = Refusal(error)
    result = get_named_type(returned)
    if is_union_type(result) and any(member.is_type_of and member.is_type_of(refusal, None) for member in result.types):
        return refusal
    raise GraphQLError(error.message, extensions=extensions_of(error)) from error


def extensions_of(error: UserError) -> dict[str, Any]:
    """What a GraphQL error says of a domain error beside its message; `path` is where in the arguments the cause is."""
    found = {
        "code": error.code,
        "hint": error.hint,
        "path": list(error.path) or None,
        "decisionId": str(error.decision.id) if isinstance(error, Forbidden) else None,
    }
    return {name: value for name, value in found.items() if value is not None}
