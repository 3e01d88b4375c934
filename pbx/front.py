"""Where a request outside any dialog goes: to its tenant, past its identity check, to the registrar or into a call.

| request              | answer                                                           |
|----------------------|------------------------------------------------------------------|
| malformed, unwanted  | 400, 405, 416, 420 …, as `sip.validate` says                     |
| unknown domain       | 404                                                              |
| too many a second    | 503 with Retry-After                                             |
| REGISTER, INVITE     | 401 first; then the registrar's answer, or the call's            |
| OPTIONS              | 200                                                              |
| anything in a dialog | 481: the dialog is not, or no longer, ours                       |
"""

from collections import Counter
from collections.abc import Callable

import structlog
import trio

from pbx.call.directory import CallDirectory
from pbx.call.intake import Refused
from pbx.call.leg import ALLOW, SDP
from pbx.registrar.edge import RegistrarEdge
from pbx.security.authentication import authenticate
from pbx.security.rate import RateLimit, SourceRateLimit
from pbx.security.verdict import Accept, Challenge, Reject, Verdict
from pbx.sip.auth import DigestServer
from pbx.sip.errors import BadMessage
from pbx.sip.events import RequestReceived
from pbx.sip.message import Request
from pbx.sip.validate import validate_request
from pbx.tenants.directory import TenantDirectory
from pbx.tenants.tenant import Tenant
from pbx.transport.endpoint import Endpoint

METHODS = frozenset(f"{ALLOW}, REGISTER".split(", "))
EXTENSIONS = frozenset({"path"})  # RFC 3327: the registrar keeps it, and INVITEs follow it
RETRY_AFTER_S = 2

log = structlog.get_logger()


class Front:
    """`open` it before the first request: the endpoint and the calls need this one to exist."""

    _endpoint: Endpoint
    _calls: CallDirectory
    _nursery: trio.Nursery

    def __init__(
        self,
        *,
        tenants: Callable[[], TenantDirectory],
        digest: DigestServer,
        registrar: RegistrarEdge,
        wall: Callable[[], float],
        registrations_per_s: float,
        calls_per_s: float,
    ) -> None:
        self.refused: Counter[str] = Counter()  # by cause
        self._tenants = tenants
        self._digest = digest
        self._registrar = registrar
        self._wall = wall
        rates = {"REGISTER": registrations_per_s, "INVITE": calls_per_s}
        self._of_source = {method: SourceRateLimit(per_s) for method, per_s in rates.items()}
        self._of_all = {method: RateLimit(per_s) for method, per_s in rates.items()}

    def open(self, endpoint: Endpoint, calls: CallDirectory, nursery: trio.Nursery) -> None:
        """From here on answers go out by `endpoint`, calls begin in `calls`, registrations run in `nursery`."""
        self._endpoint, self._calls, self._nursery = endpoint, calls, nursery

    def receive(self, event: RequestReceived) -> None:
        """Answers `event` now, or starts what will."""
        if event.transaction is None:
            self.refused["ack-to-nothing"] += 1
            return
        try:
            self._judge(event, event.request)
        except BadMessage as error:
            self._refuse(event, Reject(error.status_hint, "bad-message", error.reason))
        except Exception:
            self._fail(event)

    def _fail(self, event: RequestReceived) -> None:
        """A mistake of ours must not end the server, nor leave the peer in silence."""
        log.exception("request failed", method=event.request.method, source=event.flow.remote[0])
        self.refused["internal"] += 1
        assert event.transaction is not None, "ACKs were sorted out"
        self._endpoint.respond(event.transaction, event.request.response(500))  # an answer too many is dropped

    def _judge(self, event: RequestReceived, request: Request) -> None:
        rejection = validate_request(request, methods=METHODS, extensions=EXTENSIONS, bodies=(SDP,))
        if rejection is not None:
            self.refused[f"invalid-{rejection.status}"] += 1
            assert event.transaction is not None, "ACKs were sorted out"
            self._endpoint.refuse(event.transaction, rejection.respond(request))
        elif request.to.tag is not None or request.method in ("BYE", "CANCEL", "INFO"):
            self._refuse(event, Reject(481, "no-dialog", "Call/Transaction Does Not Exist"))
        elif request.method == "OPTIONS":
            self._answer(event, 200, headers=[("Allow", ", ".join(sorted(METHODS))), ("Accept", SDP)])
        else:
            self._judge_tenant(event, request)

    def _judge_tenant(self, event: RequestReceived, request: Request) -> None:
        tenant = self._tenants().for_host(request.sip_uri.host)
        if tenant is None:
            self._refuse(event, Reject(404, "unknown-domain", f"No Such Domain Here: {request.sip_uri.host[:64]}"))
            return
        verdict = self._verdict(event, request, tenant)
        match verdict:
            case Accept(number) if request.method == "REGISTER":
                self._nursery.start_soon(self._register, event, tenant, number)
            case Accept(number):
                self._begin_call(event, tenant, number)
            case Challenge(challenges):
                self._answer(event, 401, headers=[("WWW-Authenticate", value) for value in challenges])
            case Reject():
                self._refuse(event, verdict)

    def _verdict(self, event: RequestReceived, request: Request, tenant: Tenant) -> Verdict:
        source, now = event.flow.remote[0], trio.current_time()
        # Each source by itself before its digest, so that a flood buys no hashing and costs nobody else a call; all
        # together only once they have proved who they are.
        if not self._of_source[request.method].admit(source, now):
            return Reject(503, "rate-of-source", "Too Many Requests From Your Address", RETRY_AFTER_S)
        verdict = authenticate(
            request,
            tenant,
            self._digest,
            algorithms=self._tenants().algorithms(tenant),
            source=source,
            wall_now=self._wall(),
        )
        if isinstance(verdict, Accept) and not self._of_all[request.method].admit(now):
            return Reject(503, "rate", "Too Many Requests", RETRY_AFTER_S)
        return verdict

    async def _register(self, event: RequestReceived, tenant: Tenant, number: str) -> None:
        assert event.transaction is not None, "a REGISTER has a transaction"
        try:
            response = await self._registrar.handle(event.request, event.flow, self._tenants().scope(tenant), number)
            self._endpoint.respond(event.transaction, response)
        except Exception:
            self._fail(event)

    def _begin_call(self, event: RequestReceived, tenant: Tenant, number: str) -> None:
        try:
            self._calls.begin(event, tenant, self._tenants().scope(tenant), tenant.extensions[number])
        except Refused as error:
            self._refuse(event, Reject(error.status, f"call-{error.status}", error.reason, error.retry_after_s))

    def _refuse(self, event: RequestReceived, reject: Reject) -> None:
        """Counts, logs, answers: once, for every reason."""
        self.refused[reject.cause] += 1
        if not reject.cause.startswith("rate"):  # counted is enough: a flood must not fill the log
            log.info("refused", cause=reject.cause, status=reject.status, source=event.flow.remote[0])
        headers = [] if reject.retry_after_s is None else [("Retry-After", str(reject.retry_after_s))]
        self._answer(event, reject.status, reason=reject.reason, headers=headers)

    def _answer(
        self, event: RequestReceived, status: int, *, reason: str | None = None, headers: list[tuple[str, str]]
    ) -> None:
        assert event.transaction is not None, "an ACK is never answered"
        response = event.request.response(status, reason, headers=headers)
        # A refusal keeps no transaction, so that a flood of them fills no table; its copies are refused anew.
        if status >= 300:
            self._endpoint.refuse(event.transaction, response)
        else:
            self._endpoint.respond(event.transaction, response)
