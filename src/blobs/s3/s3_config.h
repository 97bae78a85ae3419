// Where the blobs are and how patient we are with the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace safelight {

/// How a request names the bucket: http://endpoint/bucket/… or http://bucket.endpoint/….
enum class S3Addressing { path, virtual_host };

/// Whether the store refuses a PUT with `If-None-Match: *` when the object is there already. `detect` finds
/// out in `check`; until then, and with `never`, a HEAD goes before each write.
enum class ConditionalWrites { detect, always, never };

struct S3Config {
    std::string bucket;
    std::string prefix;                // without slashes at its ends; objects are named prefix/KEY, or KEY
    std::string endpoint;              // "http://127.0.0.1:9000"; empty: Amazon's, of the region
    std::string public_endpoint;       // the same store, as clients reach it; empty: `endpoint`
    std::string region = "us-east-1";  // part of every signature; most stores of one's own take any
    S3Addressing addressing = S3Addressing::path;
    ConditionalWrites conditional_writes = ConditionalWrites::detect;

    // A writer holds at most one part (and half of one while its buffer grows); a blob may have 10,000 parts.
    std::size_t part_bytes = 8 * MiB;  // what is not longer goes as one PUT
    // A source holds one piece, which doubles while it is read forward.
    std::size_t read_bytes_min = 256 * KiB;  // asked for when a blob is opened
    std::size_t read_bytes_max = 4 * MiB;
    std::size_t read_budget_bytes = 64 * MiB;  // of all sources, beyond read_bytes_min of each
    std::uint32_t list_page_max = 1'000;

    // A write that lasts longer than this shows in the store as an unfinished one before its commit. 0: all
    // do, at the price of three requests instead of one. See s3_store.h.
    Milliseconds announce_after{60'000};
    // A write that has lasted this long without showing there is not committed any more.
    Milliseconds unannounced_max{600'000};

    Milliseconds connect_timeout{5'000};
    Milliseconds stall_timeout{10'000};    // nearly nothing came or went for so long
    Milliseconds request_timeout{60'000};  // one attempt
    Milliseconds call_timeout{60'000};     // all attempts of one request, with the pauses between them
    Milliseconds check_timeout{3'000};     // the same for a request of `check`, which has an impatient caller
    std::uint32_t attempts_max = 5;
    Milliseconds pause_min{100};  // before the second attempt; doubles, with jitter
    Milliseconds pause_max{5'000};
    std::size_t idle_connections_max = 16;

    std::string ca_file;  // PEM; empty: the system's
    std::string proxy;    // "http://host:port"; empty: none, whatever the environment says

    /// What a blob that is being written holds in memory at most.
    [[nodiscard]] std::uint64_t writer_bytes_max() const { return part_bytes + part_bytes / 2; }

    /// Errors: invalid_argument, one fault for each member.
    [[nodiscard]] Status validate() const;
};

/// `s3://bucket/prefix?endpoint=http://host:port&public_endpoint=…&region=…&style=path|virtual&ca_file=…&proxy=…&conditional=detect|always|never`
///
/// Percent-encoded where a URL has to be. Without `style`, an endpoint of one's own is addressed by path and
/// Amazon's by virtual host. Credentials have no place in it, and are refused without being repeated.
/// Validated. Errors: invalid_argument, one fault for each part.
[[nodiscard]] Result<S3Config> parse_s3_url(std::string_view url);

}  // namespace safelight
