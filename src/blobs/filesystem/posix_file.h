// The few system calls that the store needs, with errors in the words of the domain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace safelight::posix {

inline constexpr unsigned file_mode = 0600;
inline constexpr unsigned folder_mode = 0700;

using safelight::Descriptor;

/// The error for a failed call. storage_full for ENOSPC, EDQUOT and EFBIG, unavailable for all else.
/// `call` and `name` are for the operator only.
[[nodiscard]] std::unexpected<Error> system_failure(int error_number, std::string_view call,
                                                    std::string_view name);

/// openat with O_CLOEXEC and O_NOFOLLOW, repeated when interrupted; -1 and errno otherwise.
[[nodiscard]] Descriptor open_at(const Descriptor& folder, const char* name, int flags, unsigned mode = 0);

[[nodiscard]] Result<Descriptor> open_folder(const Descriptor& parent, const char* name);

[[nodiscard]] Status write_all(const Descriptor& file, std::span<const std::byte> bytes,
                               std::string_view name);

/// Never call it again on the same file after an error: the kernel has dropped the dirty pages by then, and a
/// second call would report a success that is none.
[[nodiscard]] Status sync(const Descriptor& file_or_folder, std::string_view name);

/// Removes the name; one that is not there is a success.
[[nodiscard]] Status unlink_at(const Descriptor& folder, const char* name);

/// Best effort: for cleaning up after an error that is reported anyway.
void try_unlink_at(const Descriptor& folder, const char* name);

/// Gives the file its new name unless that is taken: conflict then. cancelled when the old name is gone.
[[nodiscard]] Status rename_new(const Descriptor& folder, const char* from, const char* to);

}  // namespace safelight::posix
