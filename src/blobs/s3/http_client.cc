#include "blobs/s3/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <ranges>

#include "base/text.h"

namespace safelight::s3 {
namespace {

constexpr std::size_t headers_max = 100;
constexpr std::size_t header_bytes_max = 8'192;
constexpr long stalled_bytes_per_s = 64;

struct EasyFree {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyFree>;

struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

void append(HeaderList& list, const std::string& line) {
    curl_slist* const head = curl_slist_append(list.get(), line.c_str());
    if (head == nullptr) throw std::bad_alloc();
    if (!list) list.reset(head);  // it stays the head
}

void start_curl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once for each process
    if (started != CURLE_OK) throw std::bad_alloc();
}

/// What the callbacks fill.
struct Reception {
    CURL* handle = nullptr;
    const HttpRequest* request = nullptr;
    HttpAnswer answer = {};
    bool is_head_complete = false;  // curl takes a head that is cut short for a whole one
    bool is_too_long = false;

    bool take_header(std::string_view line) {
        if (line.starts_with("HTTP/")) {  // also after an interim answer
            answer.headers.clear();
            is_head_complete = false;
            return true;
        }
        is_head_complete |= trim(line).empty();
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return true;
        if (answer.headers.size() >= headers_max || line.size() > header_bytes_max) return false;
        answer.headers.emplace_back(to_lower_ascii(trim(line.substr(0, colon))),
                                    trim(line.substr(colon + 1)));
        return true;
    }

    bool take_body(std::span<const char> bytes) {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (status / 100 == 2 && !request->into.empty()) {
            if (bytes.size() > request->into.size() - answer.bytes_into) return false;
            std::memcpy(request->into.data() + answer.bytes_into, bytes.data(), bytes.size());
            answer.bytes_into += bytes.size();
            return true;
        }
        if (bytes.size() > request->answer_bytes_max - answer.body.size()) return false;
        answer.body.append(bytes.data(), bytes.size());
        return true;
    }
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* reception) {
    auto& self = *static_cast<Reception*>(reception);
    self.is_too_long |= !self.take_header({data, size * count});
    return self.is_too_long ? 0 : size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* reception) {
    auto& self = *static_cast<Reception*>(reception);
    self.is_too_long |= !self.take_body({data, size * count});
    return self.is_too_long ? 0 : size * count;
}

void set_method(CURL* handle, const HttpRequest& request) {
    if (request.method == "HEAD") {
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (request.method == "PUT" || request.method == "POST") {
        // Not copied: the caller's bytes outlive the call, and curl can send them again on a new connection.
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS,
                         request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else {
        curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

void set_connection(CURL* handle, const HttpClientConfig& config, Milliseconds timeout) {
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, config.proxy.c_str());  // "" also silences the environment's
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (!config.ca_file.empty()) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, config.ca_file.c_str());
        curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);  // the system's do not count beside it
    }
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config.connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::max(timeout, Milliseconds(1)).count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, stalled_bytes_per_s);
    const auto stall_s = std::chrono::ceil<std::chrono::seconds>(config.stall_timeout);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall_s.count()));
}

HeaderList header_list(const HttpRequest& request) {
    HeaderList list;
    append(list, "Expect:");        // no waiting for "100 Continue"
    append(list, "Accept:");        // nothing that is not signed
    append(list, "Content-Type:");  // curl would call it a form
    for (const auto& [name, value] : request.headers)
        append(list, value.empty() ? name + ";" : name + ": " + value);
    return list;
}

ExchangeFailure failure_of(CURLcode code, bool is_too_long) {
    if (is_too_long) return {.text = "the answer is longer than it may be"};
    if (code == CURLE_OK) return {.text = "the answer was cut short"};
    ExchangeFailure failed{.text = curl_easy_strerror(code)};
    failed.is_timeout = code == CURLE_OPERATION_TIMEDOUT;
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
            failed.may_have_acted = false;
            break;
        case CURLE_PEER_FAILED_VERIFICATION:
            failed.text += ": nobody vouches for it (ca_file), or it is for another name (endpoint)";
            [[fallthrough]];
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_URL_MALFORMAT:
            failed.may_have_acted = false;
            failed.may_pass = false;
            break;
        default:
            break;
    }
    return failed;
}

}  // namespace

/// Handles that keep their connections.
class HttpClient::Pool {
  public:
    explicit Pool(std::size_t idle_max) : idle_max_(idle_max) {}

    Easy take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                Easy handle = std::move(idle_.back());  // the one used last: its connection is the youngest
                idle_.pop_back();
                return handle;
            }
        }
        Easy handle(curl_easy_init());
        if (!handle) throw std::bad_alloc();
        return handle;
    }

    void give_back(Easy handle) {
        curl_easy_reset(handle.get());  // keeps connections
        const std::lock_guard lock(mutex_);
        if (idle_.size() < idle_max_) idle_.push_back(std::move(handle));
    }

  private:
    const std::size_t idle_max_;
    std::mutex mutex_;
    std::vector<Easy> idle_;  // guarded by mutex_
};

std::string_view HttpAnswer::header(std::string_view name) const {
    for (const auto& [known, value] : std::views::reverse(headers)) {
        if (known == name) return value;
    }
    return {};
}

HttpClient::HttpClient(HttpClientConfig config)
    : config_(std::move(config)), pool_(std::make_unique<Pool>(config_.idle_connections_max)) {
    start_curl();
}

HttpClient::~HttpClient() = default;

std::expected<HttpAnswer, ExchangeFailure> HttpClient::exchange(const HttpRequest& request) {
    Easy handle = pool_->take();
    const HeaderList headers = header_list(request);
    Reception reception{.handle = handle.get(), .request = &request};
    set_method(handle.get(), request);
    set_connection(handle.get(), config_, request.timeout);
    curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &reception);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &reception);
    const CURLcode code = curl_easy_perform(handle.get());
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    pool_->give_back(std::move(handle));
    if (code != CURLE_OK || !reception.is_head_complete)
        return std::unexpected(failure_of(code, reception.is_too_long));
    reception.answer.status = static_cast<int>(status);
    return std::move(reception.answer);
}

}  // namespace safelight::s3
