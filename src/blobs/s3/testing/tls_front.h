// TLS in front of a server that speaks none, with a certificate made for the occasion.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"

namespace safelight::s3 {

class TlsFront {
  public:
    /// `name` is what the certificate is for: "IP:127.0.0.1". It is its own authority, and lies in `folder`.
    TlsFront(int upstream_port, const std::string& name, const std::filesystem::path& folder);
    ~TlsFront();
    TlsFront(const TlsFront&) = delete;
    TlsFront& operator=(const TlsFront&) = delete;

    [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }

  private:
    struct Context;
    void accept_all(const std::stop_token& stop);
    void carry(const std::stop_token& stop, const Descriptor& connection) const;

    const int upstream_port_;
    const std::string certificate_file_;
    const std::unique_ptr<Context> context_;
    int port_ = 0;  // before the listener, which sets it
    Descriptor listener_;
    std::vector<std::jthread> threads_;  // of the accepting thread alone
    std::jthread acceptor_;
};

}  // namespace safelight::s3
