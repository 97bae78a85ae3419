#include "blobs/s3/testing/fault_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "base/text.h"

namespace safelight::s3 {
namespace {

constexpr int poll_ms = 20;

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Descriptor new_socket() {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) throw std::runtime_error("no socket");
    return socket;
}

/// False when it is time to stop, or nothing more will come.
bool wait_readable(int socket, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, poll_ms) > 0) return true;
    }
    return false;
}

/// Appends what has come; false at the end.
bool receive(int socket, std::string& text) {
    std::array<char, 65'536> piece{};
    const ssize_t count = ::recv(socket, piece.data(), piece.size(), 0);
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
    return count > 0;
}

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::size_t content_length(std::string_view head) {
    const std::string lower = to_lower_ascii(head);
    constexpr std::string_view name = "\r\ncontent-length:";
    const std::size_t at = lower.find(name);
    if (at == std::string::npos) return 0;
    const std::string_view value = trim(std::string_view(lower).substr(at + name.size(), 20));
    std::size_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    return length;
}

std::optional<SeenRequest> read_request(int connection, const std::stop_token& stop) {
    std::string text;
    std::size_t head_bytes = std::string::npos;
    while (head_bytes == std::string::npos) {
        if (!wait_readable(connection, stop) || !receive(connection, text)) return std::nullopt;
        head_bytes = text.find("\r\n\r\n");
    }
    SeenRequest request;
    request.head = text.substr(0, head_bytes + 2);
    request.body = text.substr(head_bytes + 4);
    const std::size_t length = content_length(request.head);
    while (request.body.size() < length) {
        if (!wait_readable(connection, stop) || !receive(connection, request.body)) return std::nullopt;
    }
    const std::size_t first_space = request.head.find(' ');
    request.method = request.head.substr(0, first_space);
    request.target =
        request.head.substr(first_space + 1, request.head.find(' ', first_space + 1) - first_space - 1);
    return request;
}

std::string without_header(const std::string& head, const std::string& name) {
    if (name.empty()) return head;
    const std::size_t begin = to_lower_ascii(head).find("\r\n" + name + ":");
    if (begin == std::string::npos) return head;
    return head.substr(0, begin) + head.substr(head.find("\r\n", begin + 2));
}

}  // namespace

Treatment answer(const std::string& status, const std::string& body, const std::string& headers) {
    return {.answer = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body};
}

Treatment refuse(const std::string& status, const std::string& s3_code) {
    return answer(status, "<?xml version=\"1.0\"?><Error><Code>" + s3_code +
                              "</Code><Message>text of the server</Message></Error>");
}

Treatment ConditionalPlan::operator()(const SeenRequest& request) {
    if (request.is("DELETE")) objects_.erase(request.target);
    if (!request.is("PUT") || request.target.contains('?')) return pass();
    const bool is_new = objects_.insert(request.target).second;
    if (!is_new && to_lower_ascii(request.head).contains("\r\nif-none-match: *"))
        return refuse("412 Precondition Failed", "PreconditionFailed");
    return {.is_passed = true, .without = "if-none-match"};
}

FaultServer::FaultServer(int upstream_port, Plan plan)
    : upstream_port_(upstream_port), plan_(std::move(plan)), listener_(new_socket()) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

FaultServer::~FaultServer() {
    acceptor_.request_stop();
    acceptor_.join();
    threads_.clear();
}

void FaultServer::accept_all(const std::stop_token& stop) {
    while (wait_readable(listener_.get(), stop)) {
        Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.is_open()) continue;
        ++connections_;
        threads_.emplace_back(
            [this](const std::stop_token& own_stop, const Descriptor& socket) { serve(own_stop, socket); },
            std::move(connection));
    }
}

void FaultServer::serve(const std::stop_token& stop, const Descriptor& connection) {
    while (serve_one(stop, connection.get())) {
    }
}

bool FaultServer::serve_one(const std::stop_token& stop, int connection) {
    auto request = read_request(connection, stop);
    if (!request) return false;
    Treatment treatment;
    {
        const std::lock_guard lock(mutex_);
        request->number = requests_.size();
        requests_.push_back(*request);
        treatment = plan_(*request);
    }
    if (treatment.is_passed) {
        treatment.answer = upstream_answer(*request, treatment.without);
        if (treatment.is_answer_lost) treatment.answer.clear();
    }
    send_all(connection, std::string_view(treatment.answer).substr(0, treatment.bytes_max));
    if (treatment.hangs) (void)wait_readable(connection, stop);  // its end
    return treatment.stays_open;
}

/// Everything until the real server closes the connection.
std::string FaultServer::upstream_answer(const SeenRequest& request, const std::string& without) const {
    const Descriptor upstream = new_socket();
    const sockaddr_in address = loopback(upstream_port_);
    if (::connect(upstream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return {};
    send_all(upstream.get(),
             without_header(request.head, without) + "Connection: close\r\n\r\n" + request.body);
    std::string text;
    while (receive(upstream.get(), text)) {
    }
    return text;
}

std::vector<SeenRequest> FaultServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t FaultServer::count(std::string_view method, std::string_view in_target) const {
    const auto seen = requests();
    return static_cast<std::size_t>(std::ranges::count_if(
        seen, [&](const SeenRequest& request) { return request.is(method, in_target); }));
}

}  // namespace safelight::s3
