#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "http/body_reader.h"
#include "http/channel.h"
#include "http/framing.h"
#include "http/input_buffer.h"
#include "http/problems.h"
#include "http/response_writer.h"
#include "http/semantics.h"
#include "http/server_core.h"
#include "http/trace_context.h"

namespace safelight::http {
namespace {

using SteadyClock = std::chrono::steady_clock;
using RequestId = Id<struct RequestTag>;

// A client that announced how much it sends may be heard to the end, so that it sees the answer; one that did
// not might never stop.
constexpr std::uint64_t linger_announced_bytes_max = 64ULL << 20;
constexpr std::uint64_t linger_open_ended_bytes_max = 8ULL << 20;
constexpr std::chrono::milliseconds refusal_linger{500};

/// Nothing came, or not all of a head: there is nobody to answer.
struct NoRequest {};
using HeadOutcome = std::variant<NoRequest, Refusal, RequestHead>;

/// One request and its response, for the log.
struct ExchangeRecord {
    Request request;
    SteadyClock::time_point start;
    int status = 0;
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    bool aborted = false;
    std::string error;
};

/// What a handler's answer and its body's state mean for the connection.
struct Verdict {
    Response response;
    bool must_close = false;
};

class Connection {
  public:
    Connection(ServerCore& core, IoThread& thread, boost::asio::ip::tcp::socket socket)
        : core_(core),
          thread_(thread),
          channel_(std::move(socket), thread),
          remote_address_(channel_.remote_address()) {}

    Task<void> run() {
        while (co_await serve_one()) {
        }
    }

    Task<void> refuse_service(bool patient);

  private:
    Task<bool> serve_one();
    Task<HeadOutcome> read_head(ExchangeRecord& record);
    Task<bool> wait_for_request();
    Task<bool> serve(RequestHead head, ExchangeRecord& record);
    Task<Verdict> answer(BodyReader& body, ExchangeRecord& record);
    Task<Response> call(const Handler& handler, ExchangeRecord& record, bool& threw);
    Task<bool> send(Response& response, ResponseFrame& frame, ExchangeRecord& record);
    Task<void> refuse(const Refusal& refusal, ExchangeRecord& record);
    Task<void> linger(std::uint64_t bytes_max) {
        return channel_.linger(core_.config.linger_timeout, bytes_max);
    }
    [[nodiscard]] Response problem(ServerProblem kind, std::string_view detail,
                                   const ExchangeRecord& record) const {
        return render_problem(core_.hooks, kind, detail, &record.request);
    }
    [[nodiscard]] HeadLimits head_limits() const {
        return {core_.config.header_bytes_max, core_.config.header_fields_max, core_.config.target_bytes_max};
    }
    void begin_record(ExchangeRecord& record);
    void report(const ExchangeRecord& record) const;

    ServerCore& core_;
    IoThread& thread_;
    Channel channel_;
    const std::string remote_address_;
    InputBuffer input_;
    std::string head_text_;  // of the response; kept for its memory
};

void Connection::begin_record(ExchangeRecord& record) {
    record.start = SteadyClock::now();
    record.request.remote_address = remote_address_;
    record.request.request_id = core_.ids.next<RequestId>().to_string();
}

void Connection::report(const ExchangeRecord& record) const {
    if (!core_.hooks.finished) return;
    const Request& request = record.request;
    Exchange exchange;
    exchange.method = request.method;
    exchange.path = request.path;
    exchange.route = request.route;
    exchange.remote_address = request.remote_address;
    exchange.request_id = request.request_id;
    exchange.trace_id = request.trace_id;
    exchange.status = record.status;
    exchange.request_body_bytes = record.request_body_bytes;
    exchange.response_body_bytes = record.response_body_bytes;
    exchange.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - record.start);
    exchange.aborted = record.aborted;
    exchange.error = record.error;
    core_.hooks.finished(exchange);
}

/// True when the connection may carry another request.
Task<bool> Connection::serve_one() {
    ExchangeRecord record;
    HeadOutcome outcome = co_await read_head(record);
    if (auto* const head = std::get_if<RequestHead>(&outcome)) {
        const bool goes_on = co_await serve(std::move(*head), record);
        co_return goes_on;
    }
    if (const auto* const refusal = std::get_if<Refusal>(&outcome)) {
        co_await refuse(*refusal, record);
    }
    co_return false;
}

/// True when bytes of a request are there.
Task<bool> Connection::wait_for_request() {
    if (!input_.empty()) co_return true;
    input_.shrink();
    const IoResult got =
        co_await channel_.read_idle(input_.prepare(), SteadyClock::now() + core_.config.idle_timeout);
    if (got.end != IoEnd::done) co_return false;
    input_.commit(got.bytes);
    co_return true;
}

Task<HeadOutcome> Connection::read_head(ExchangeRecord& record) {
    constexpr std::string_view line_end = "\r\n";
    if (!co_await wait_for_request()) co_return NoRequest{};
    begin_record(record);
    const auto deadline = record.start + core_.config.header_timeout;
    std::optional<HeadScanner> scanner(std::in_place, head_limits());
    // RFC 9112 section 2.2: one empty line before a request is forgiven.
    for (bool may_skip_line = true;;) {
        if (may_skip_line && input_.view().starts_with(line_end)) {
            may_skip_line = false;
            input_.consume(line_end.size());
            scanner.emplace(head_limits());
        }
        const auto length = scanner->scan(input_.view());
        if (!length) co_return length.error();
        if (const std::optional<std::size_t> bytes = *length) {
            auto head = parse_head(input_.view().substr(0, *bytes), head_limits());
            if (!head) co_return head.error();
            co_return std::move(*head);
        }
        const IoResult got = co_await channel_.read(input_.prepare(), deadline);
        if (got.end == IoEnd::timeout) {
            co_return Refusal{ServerProblem::request_timeout, "The request header came too slowly."};
        }
        if (got.end != IoEnd::done) co_return NoRequest{};
        input_.commit(got.bytes);
    }
}

/// Whatever follows a refused head is not looked at: it may be a body that only looks like a request.
Task<void> Connection::refuse(const Refusal& refusal, ExchangeRecord& record) {
    Response response = render_problem(core_.hooks, refusal.problem, refusal.detail, nullptr);
    ResponseFrame frame{.keep_alive = false};
    const bool sent = co_await send(response, frame, record);
    report(record);
    if (sent) co_await linger(linger_announced_bytes_max);
}

Task<bool> Connection::serve(RequestHead head, ExchangeRecord& record) {
    Request& request = record.request;
    request.method = head.method;
    request.path = head.path;
    request.headers = std::move(head.headers);
    if (const auto traceparent = request.headers.get("traceparent"))
        request.trace_id = trace_id_of(*traceparent);
    const auto query = parse_query(head.query);
    input_.consume(head.bytes);

    BodyReader body(head, core_.config, channel_, input_);
    request.body = &body;
    Verdict verdict;
    if (body.length_bytes().value_or(0) > core_.config.body_bytes_max) {
        verdict.response =
            problem(ServerProblem::payload_too_large, "The request body is too large.", record);
    } else if (!query) {
        verdict.response = problem(ServerProblem::bad_request, query.error().public_text, record);
    } else {
        request.query = *query;
        verdict = co_await answer(body, record);
    }
    record.request_body_bytes = body.received_bytes();
    if (body.failure() == BodyReader::Failure::lost) {
        record.status = verdict.response.status;
        record.aborted = true;
        report(record);
        co_return false;
    }

    const bool body_done = body.complete() && body.failure() == BodyReader::Failure::none;
    const bool may_go_on = body_done || body.worth_discarding();
    ResponseFrame frame{.head_only = request.method == "HEAD",
                        .keep_alive = head.keep_alive && !verdict.must_close && !thread_.draining() &&
                                      may_go_on && verdict.response.length_bytes().has_value(),
                        .is_http_1_0 = head.is_http_1_0};
    const bool sent = co_await send(verdict.response, frame, record);
    report(record);
    if (!sent) co_return false;
    if (frame.keep_alive && (body_done || co_await body.discard())) co_return true;
    if (!body_done || !input_.empty()) {
        co_await linger(body.length_bytes() ? linger_announced_bytes_max : linger_open_ended_bytes_max);
    }
    co_return false;
}

/// The problem that stands in for what a handler makes of a body that could not be read.
std::optional<ServerProblem> problem_of(BodyReader::Failure failure) {
    switch (failure) {
        case BodyReader::Failure::broken_framing:
        case BodyReader::Failure::cut_short:
            return ServerProblem::bad_request;
        case BodyReader::Failure::too_slow:
            return ServerProblem::request_timeout;
        case BodyReader::Failure::none:
        case BodyReader::Failure::too_large:
        case BodyReader::Failure::lost:
            break;
    }
    return std::nullopt;
}

Task<Verdict> Connection::answer(BodyReader& body, ExchangeRecord& record) {
    Request& request = record.request;
    Verdict verdict;
    auto match = core_.router.match(request.method, request.path);
    if (std::holds_alternative<NoSuchPath>(match)) {
        verdict.response = problem(ServerProblem::not_found, "There is nothing at this path.", record);
        co_return verdict;
    }
    if (const auto* const other = std::get_if<NoSuchMethod>(&match)) {
        verdict.response =
            problem(ServerProblem::method_not_allowed, "The path does not take this method.", record);
        verdict.response.headers.set("Allow", other->allow);
        co_return verdict;
    }
    RouteMatch& found = std::get<RouteMatch>(match);
    request.path_parameters = std::move(found.parameters);
    request.route = found.route->pattern;
    verdict.response = co_await call(found.route->handler, record, verdict.must_close);
    const auto kind = problem_of(body.failure());
    if (kind && verdict.response.status >= 400) {
        verdict.response = problem(*kind, body.failure_text(), record);
    }
    co_return verdict;
}

Task<Response> Connection::call(const Handler& handler, ExchangeRecord& record, bool& threw) {
    try {
        Response response = co_await handler(record.request);
        co_return response;
    } catch (const std::exception& exception) {
        record.error = exception.what();
    } catch (...) {
        record.error = "an exception that is no std::exception";
    }
    threw = true;
    co_return problem(ServerProblem::handler_failed, "The server has made a mistake.", record);
}

/// A response that cannot be sent is replaced by a problem; `frame` tells then that the connection closes.
Task<bool> Connection::send(Response& response, ResponseFrame& frame, ExchangeRecord& record) {
    frame.request_id = record.request.request_id;
    frame.date = thread_.http_date();
    if (core_.hooks.dress) core_.hooks.dress(record.request, response);
    record.status = response.status;
    SendResult result = co_await send_response(core_, channel_, response, frame, head_text_);
    if (result.unsendable) {
        record.error = std::move(result.error);
        Response other = problem(ServerProblem::handler_failed, "The server has made a mistake.", record);
        if (core_.hooks.dress) core_.hooks.dress(record.request, other);
        record.status = other.status;
        frame.keep_alive = false;
        result = co_await send_response(core_, channel_, other, frame, head_text_);
    }
    if (!result.error.empty()) record.error = std::move(result.error);
    record.response_body_bytes = result.body_bytes;
    record.aborted = !result.sent;
    co_return result.sent;
}

Task<void> Connection::refuse_service(bool patient) {
    ExchangeRecord record;
    begin_record(record);
    Response response = render_problem(core_.hooks, ServerProblem::too_many_connections,
                                       "The server has too many connections.", nullptr);
    ResponseFrame frame{.keep_alive = false};
    const bool sent = co_await send(response, frame, record);
    report(record);
    if (sent && patient) co_await channel_.linger(refusal_linger, head_limits().header_bytes_max);
}

}  // namespace

Task<void> serve_connection(ServerCore& core, IoThread& thread, boost::asio::ip::tcp::socket socket) {
    Connection connection(core, thread, std::move(socket));
    co_await connection.run();
}

Task<void> refuse_connection(ServerCore& core, IoThread& thread, boost::asio::ip::tcp::socket socket,
                             bool patient) {
    Connection connection(core, thread, std::move(socket));
    co_await connection.refuse_service(patient);
}

}  // namespace safelight::http
