#include "outbound/hop.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/text.h"
#include "base/thread_shortage.h"

namespace safelight {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t head_bytes_max = 65'536;  // of all heads of an answer, and what follows its body
constexpr std::array<long, 5> redirects{301, 302, 303, 307, 308};

struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeMulti {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void start_curl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once for each process
    if (started != CURLE_OK) throw std::bad_alloc();
}

template <class Handle>
Handle made(Handle handle) {
    if (handle == nullptr) throw std::bad_alloc();
    return handle;
}

void append(HeaderList& list, const std::string& line) {
    curl_slist* const head = made(curl_slist_append(list.get(), line.c_str()));
    if (!list) list.reset(head);  // it stays the head
}

HeaderList header_list(const OutboundRequest& request) {
    HeaderList list;
    append(list, "Expect:");                          // no waiting for "100 Continue"
    if (request.body) append(list, "Content-Type:");  // curl would call it a form
    for (const auto& [name, value] : request.headers) append(list, fmt::format("{}: {}", name, value));
    return list;
}

OutboundFault fault_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return OutboundFault::no_such_host;
        case CURLE_COULDNT_CONNECT:
            return OutboundFault::unreachable;
        case CURLE_OPERATION_TIMEDOUT:
            return OutboundFault::timeout;
        case CURLE_FILESIZE_EXCEEDED:
            return OutboundFault::too_large;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return OutboundFault::tls;
        default:
            return OutboundFault::broken_answer;
    }
}

/// The system's resolver takes both, and tells neither from a name that nobody knows.
bool lacks_resources() {
    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return !socket.is_open() || lacks_threads();
}

long in_milliseconds(Milliseconds time) {
    return static_cast<long>(std::max(time, Milliseconds{1}).count());
}

}  // namespace

/// What libcurl calls back, and what comes of it.
class Hop::Transfer {
  public:
    Transfer(const OutboundConfig& config, const OutboundRequest& request, const OutboundUrl& url,
             Milliseconds left)
        : config_(config),
          request_(request),
          headers_(header_list(request)),
          easy_(made(curl_easy_init())),
          multi_(made(curl_multi_init())) {
        set_address(url);
        set_limits(left);
        set_body();
        set_callbacks();
        if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) throw std::bad_alloc();
    }
    ~Transfer() { curl_multi_remove_handle(multi_.get(), easy_.get()); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    Outbound<OutboundExchange::Progress> read(std::span<std::byte> buffer, Milliseconds patience) {
        assert(buffer.size() >= outbound_read_bytes_min);
        const auto until = SteadyClock::now() + patience;
        buffer_ = buffer;
        filled_ = 0;
        if (std::exchange(is_paused_, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
        for (;;) {
            int running = 0;
            if (!outcome_ && curl_multi_perform(multi_.get(), &running) != CURLM_OK) throw std::bad_alloc();
            if (filled_ > 0) return OutboundExchange::Progress{.bytes = filled_};
            if (running == 0) return finished();
            const auto left = std::chrono::ceil<Milliseconds>(until - SteadyClock::now());
            if (left <= Milliseconds::zero()) return OutboundExchange::Progress{};
            curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(left.count()), nullptr);
        }
    }

    [[nodiscard]] const std::string& location() const { return location_; }
    [[nodiscard]] int status() const { return outcome_ && *outcome_ ? status_ : 0; }

  private:
    static_assert(outbound_read_bytes_min >= CURL_MAX_WRITE_SIZE, "what curl hands over at once has room");

    template <class Value>
    void set(CURLoption option, Value value) {
        // What is set is known to this version, and copied: it fails for lack of memory alone.
        if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) throw std::bad_alloc();
    }

    void set_address(const OutboundUrl& url) {
        set(CURLOPT_URL, url.text.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
        set(CURLOPT_HTTP09_ALLOWED, 0L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
        set(CURLOPT_PROXY, "");  // also silences the environment's: a proxy would resolve the name by itself
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
        set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
        set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        if (!config_.ca_file.empty()) {
            set(CURLOPT_CAINFO, config_.ca_file.c_str());
            set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // the system's do not count beside it
        }
        set(CURLOPT_USERAGENT, "safelight");
        set(CURLOPT_HTTPHEADER, headers_.get());
    }

    void set_limits(Milliseconds left) {
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, in_milliseconds(std::min(request_.connect_timeout, left)));
        set(CURLOPT_TIMEOUT_MS, in_milliseconds(left));
        set(CURLOPT_LOW_SPEED_LIMIT, stalled_bytes_per_s);
        const auto stall = std::chrono::ceil<std::chrono::seconds>(request_.stall_timeout);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
    }

    void set_body() {
        if (!request_.body) return;
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
        set(CURLOPT_POSTFIELDS, request_.body->c_str());  // not copied: the request outlives the hop
    }

    void set_callbacks() {
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_OPENSOCKETFUNCTION, &on_socket);
        set(CURLOPT_OPENSOCKETDATA, this);
    }

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
        return static_cast<Transfer*>(self)->take_header({data, size * count}) ? size * count : 0;
    }
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
        return static_cast<Transfer*>(self)->take_body({data, size * count});
    }
    static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
        return static_cast<Transfer*>(self)->open_socket(purpose, *address);
    }

    /// False ends the transfer.
    bool take_header(std::string_view line) {
        head_bytes_ += line.size();
        if (head_bytes_ > head_bytes_max) return give_up(OutboundFault::broken_answer, "a head without end");
        if (is_head_complete_) return true;  // what follows the body
        if (line.starts_with("HTTP/")) {     // also after an interim answer
            announced_location_.clear();
            retry_after_.clear();
            announced_bytes_.reset();
        }
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos)
            take_field(to_lower_ascii(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
        return trim(line).empty() ? take_end_of_head() : true;
    }

    void take_field(std::string_view name, std::string_view value) {
        if (name == "location" && announced_location_.empty()) announced_location_ = value;
        if (name == "retry-after" && retry_after_.empty()) retry_after_ = value;
        std::uint64_t bytes = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
        if (name == "content-length" && error != std::errc::invalid_argument)
            announced_bytes_ = error == std::errc() ? bytes : std::numeric_limits<std::uint64_t>::max();
    }

    bool take_end_of_head() {
        long status = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        if (status / 100 == 1) return true;  // the answer comes after it
        is_head_complete_ = true;
        status_ = static_cast<int>(status);
        if (status / 100 == 2) {
            if (!request_.wants_body) {
                outcome_.emplace(OutboundExchange::Progress{.bytes = 0, .is_complete = true});
                return false;
            }
            if (announced_bytes_.value_or(0) <= request_.bytes_max) return true;
            return give_up(OutboundFault::too_large, "more bytes than may come are announced");
        }
        const bool follows = !request_.body && request_.redirects_max > 0;
        if (follows && std::ranges::find(redirects, status) != redirects.end() &&
            !announced_location_.empty()) {
            location_ = std::move(announced_location_);
            return false;
        }
        give_up(OutboundFault::bad_status, fmt::format("status {}", status), status_);
        outcome_->error().retry_after = std::move(retry_after_);
        return false;
    }

    /// How much was taken; less ends the transfer.
    std::size_t take_body(std::span<const char> bytes) {
        if (bytes.size() > request_.bytes_max - total_) {
            give_up(OutboundFault::too_large, "more bytes than may come");
            return 0;
        }
        if (bytes.size() > buffer_.size() - filled_) {
            is_paused_ = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        std::memcpy(buffer_.data() + filled_, bytes.data(), bytes.size());
        filled_ += bytes.size();
        total_ += bytes.size();
        return bytes.size();
    }

    /// For each address that is tried, with the one that the socket is connected to then.
    curl_socket_t open_socket(curlsocktype purpose, const curl_sockaddr& target) {
        if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
        if (config_.guard) {
            const auto address = address_of(target.addr, target.addrlen);
            if (!address || !config_.guard->permits(*address)) {
                refused_address_ = address ? address->to_text() : "an address within a zone";
                return CURL_SOCKET_BAD;
            }
        }
        has_permitted_ = true;
        const int socket = ::socket(target.family, target.socktype | SOCK_CLOEXEC, target.protocol);
        lacks_descriptor_ = socket < 0 && (errno == EMFILE || errno == ENFILE);
        return socket;
    }

    bool give_up(OutboundFault fault, std::string log_text, int status = 0) {
        outcome_.emplace(outbound_failure(fault, std::move(log_text), status));
        return false;
    }

    /// The end of the answer, or why there is none.
    Outbound<OutboundExchange::Progress> finished() {
        if (!outcome_) outcome_.emplace(outcome_of(result_code()));
        return *outcome_;
    }

    CURLcode result_code() {
        int queued = 0;
        const CURLMsg* const message = curl_multi_info_read(multi_.get(), &queued);
        return message == nullptr ? CURLE_RECV_ERROR : message->data.result;
    }

    [[nodiscard]] Outbound<OutboundExchange::Progress> outcome_of(CURLcode code) const {
        const OutboundExchange::Progress complete{.bytes = 0, .is_complete = true};
        if (!location_.empty()) return complete;
        if (code == CURLE_OK && is_head_complete_) return complete;
        if (code == CURLE_OK)  // curl takes a head that is cut short for a whole one
            return outbound_failure(OutboundFault::broken_answer, "the head was cut short");
        if (code == CURLE_COULDNT_CONNECT && !refused_address_.empty() && !has_permitted_)
            return outbound_failure(OutboundFault::refused_address, refused_address_);
        const bool found_no_address = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_OUT_OF_MEMORY;
        if (lacks_descriptor_ || (found_no_address && lacks_resources()))
            return outbound_failure(OutboundFault::no_resources, curl_easy_strerror(code));
        return outbound_failure(fault_of(code), curl_easy_strerror(code));
    }

    const OutboundConfig& config_;
    const OutboundRequest& request_;
    const HeaderList headers_;
    const std::unique_ptr<CURL, FreeEasy> easy_;
    const std::unique_ptr<CURLM, FreeMulti> multi_;

    std::span<std::byte> buffer_;  // of the present read
    std::size_t filled_ = 0;
    bool is_paused_ = false;  // curl holds bytes that had no room
    std::uint64_t total_ = 0;
    std::size_t head_bytes_ = 0;
    bool is_head_complete_ = false;
    int status_ = 0;  // of a head that is complete
    std::string retry_after_;
    std::string announced_location_;
    std::optional<std::uint64_t> announced_bytes_;
    std::string location_;
    std::string refused_address_;  // the last one
    bool has_permitted_ = false;
    bool lacks_descriptor_ = false;  // for the last address
    std::optional<Outbound<OutboundExchange::Progress>> outcome_;
};

Hop::Hop(const OutboundConfig& config, const OutboundRequest& request, const OutboundUrl& url,
         Milliseconds left) {
    start_curl();
    transfer_ = std::make_unique<Transfer>(config, request, url, left);
}

Hop::~Hop() = default;

Outbound<OutboundExchange::Progress> Hop::read(std::span<std::byte> buffer, Milliseconds patience) {
    return transfer_->read(buffer, patience);
}

const std::string& Hop::location() const {
    return transfer_->location();
}

int Hop::status() const {
    return transfer_->status();
}

}  // namespace safelight
