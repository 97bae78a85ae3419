#include "blobs/s3/testing/tls_front.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "blobs/s3/testing/sockets.h"

namespace safelight::s3 {
namespace {

constexpr int poll_ms = 20;
constexpr long day_s = 86'400;

void require(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL refused to make a certificate");
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate self_signed(EVP_PKEY* key, const std::string& name) {
    Certificate certificate(X509_new(), X509_free);
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), day_s);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const std::string text = "a test";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_set_pubkey(certificate.get(), key);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_subject_alt_name, name);
    require(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
    return certificate;
}

}  // namespace

struct TlsFront::Context {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};

    Context(const std::string& name, const std::string& certificate_file) {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to connections that clients have left
        const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
        require(tls && key);
        const Certificate certificate = self_signed(key.get(), name);
        require(SSL_CTX_use_certificate(tls.get(), certificate.get()) == 1 &&
                SSL_CTX_use_PrivateKey(tls.get(), key.get()) == 1);
        const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(
            std::fopen(certificate_file.c_str(), "w"), std::fclose);
        require(file && PEM_write_X509(file.get(), certificate.get()) == 1);
    }
};

TlsFront::TlsFront(int upstream_port, const std::string& name, const std::filesystem::path& folder)
    : upstream_port_(upstream_port),
      certificate_file_(folder / "certificate.pem"),
      context_(std::make_unique<Context>(name, certificate_file_)),
      listener_(new_listener(port_)),
      acceptor_([this](const std::stop_token& stop) { accept_all(stop); }) {}

TlsFront::~TlsFront() {
    acceptor_.request_stop();
    acceptor_.join();
    threads_.clear();
}

void TlsFront::accept_all(const std::stop_token& stop) {
    while (wait_readable(listener_.get(), stop)) {
        Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.is_open()) continue;
        threads_.emplace_back(
            [this](const std::stop_token& own_stop, const Descriptor& socket) { carry(own_stop, socket); },
            std::move(connection));
    }
}

/// Both ways, until one side ends.
void TlsFront::carry(const std::stop_token& stop, const Descriptor& connection) const {
    const Session session(SSL_new(context_->tls.get()), SSL_free);
    SSL_set_fd(session.get(), connection.get());
    if (SSL_accept(session.get()) != 1) return;
    const Descriptor upstream = connected(upstream_port_);
    std::array<char, 16'384> piece{};
    while (!stop.stop_requested() && upstream.is_open()) {
        std::array<pollfd, 2> entries{{{connection.get(), POLLIN, 0}, {upstream.get(), POLLIN, 0}}};
        if (SSL_pending(session.get()) == 0) ::poll(entries.data(), entries.size(), poll_ms);
        if (SSL_pending(session.get()) > 0 || entries[0].revents != 0) {
            const int count = SSL_read(session.get(), piece.data(), static_cast<int>(piece.size()));
            if (count <= 0) return;
            send_all(upstream.get(), {piece.data(), static_cast<std::size_t>(count)});
        }
        if (entries[1].revents != 0) {
            std::string text;
            if (!receive(upstream.get(), text)) return;
            if (SSL_write(session.get(), text.data(), static_cast<int>(text.size())) <= 0) return;
        }
    }
}

}  // namespace safelight::s3
