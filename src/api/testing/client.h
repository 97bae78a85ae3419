// A plain HTTP client for tests: one connection for each request, the bytes as they are.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace safelight::testing {

struct Reply {
    int status = 0;
    http::Headers headers;
    std::string body;

    [[nodiscard]] boost::json::value json() const { return boost::json::parse(body); }
    /// The last part of a problem's type.
    [[nodiscard]] std::string problem() const {
        const std::string type(json().at("type").as_string());
        return type.substr(type.rfind('/') + 1);
    }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

class Connection {
  public:
    explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{.tv_sec = 60, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("connect");
        }
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Ends early when the server closes: what it said is still to be read.
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    /// Everything up to the end of the connection.
    [[nodiscard]] std::string receive_all() const {
        std::string text;
        char buffer[65'536];
        for (;;) {
            const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
            if (count <= 0) return text;
            text.append(buffer, static_cast<std::size_t>(count));
        }
    }

    /// Up to `end`, with it; less when the connection ends first.
    [[nodiscard]] std::string receive_until(std::string_view end) const {
        std::string text;
        char c = 0;
        while (!text.ends_with(end) && ::recv(socket_, &c, 1, 0) == 1) text += c;
        return text;
    }
    /// Up to the end of the first head.
    [[nodiscard]] std::string receive_head() const { return receive_until("\r\n\r\n"); }
    /// So many; less when the connection ends first.
    [[nodiscard]] std::string receive(std::size_t bytes) const {
        std::string text(bytes, '\0');
        const auto count = ::recv(socket_, text.data(), bytes, MSG_WAITALL);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

  private:
    const int socket_;
};

[[nodiscard]] inline Reply parse_reply(std::string_view text) {
    Reply reply;
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos || text.size() < 12)
        throw std::runtime_error("no reply: " + std::string(text));
    reply.status = std::stoi(std::string(text.substr(9, 3)));
    std::string_view head = text.substr(0, head_end + 2);
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find("\r\n"));
        const auto colon = line.find(": ");
        reply.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
        head.remove_prefix(line.size() + 2);
    }
    reply.body = text.substr(head_end + 4);
    return reply;
}

struct Client {
    std::uint16_t port;

    [[nodiscard]] std::string head_of(std::string_view method, std::string_view target, const Fields& fields,
                                      std::optional<std::size_t> length) const {
        std::string head =
            std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
        if (length) head += "Content-Length: " + std::to_string(*length) + "\r\n";
        return head + "\r\n";
    }

    [[nodiscard]] Reply send(std::string_view method, std::string_view target, const Fields& fields = {},
                             std::optional<std::string_view> body = std::nullopt) const {
        const Connection connection(port);
        connection.send(head_of(method, target, fields, body ? std::optional(body->size()) : std::nullopt));
        if (body) connection.send(*body);
        return parse_reply(connection.receive_all());
    }
    [[nodiscard]] Reply get(std::string_view target, const Fields& fields = {}) const {
        return send("GET", target, fields);
    }
    [[nodiscard]] Reply post(std::string_view target, std::string_view body,
                             const Fields& fields = {}) const {
        return send("POST", target, fields, body);
    }
};

/// A form under construction: `Form().file("cat.jpg", bytes).field("variants", "").body()`.
class Form {
  public:
    Form& file(std::string_view filename, std::string_view bytes) {
        return part("name=\"file\"; filename=\"" + std::string(filename) + "\"", bytes);
    }
    Form& field(std::string_view name, std::string_view value) {
        return part("name=\"" + std::string(name) + "\"", value);
    }
    Form& part(const std::string& disposition, std::string_view bytes) {
        body_ += "--limit\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" +
                 std::string(bytes) + "\r\n";
        return *this;
    }
    [[nodiscard]] std::string body() const { return body_ + "--limit--\r\n"; }
    [[nodiscard]] static Fields fields() { return {{"Content-Type", "multipart/form-data; boundary=limit"}}; }

  private:
    std::string body_;
};

}  // namespace safelight::testing
