// libjpeg's handles behind methods that do not jump: errors of the library come back as values.
//
// libjpeg reports errors by calling a handler that must not return, and the handler leaves by longjmp. Every
// setjmp is in libjpeg.cc, in functions without objects that a jump could skip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "imaging/imaging.h"
#include "imaging/pixels.h"

namespace safelight {

struct JpegInfo {
    std::uint32_t width_px = 0;   // as stored
    std::uint32_t height_px = 0;  // as stored
    std::uint32_t channels =
        0;  // of the decoded rows: 1 or 3; 0 when the colours need colour management (CMYK)
};

/// Who takes the Huffman codes apart; the result is the same. Tests compare the two.
enum class EntropyDecoder { fastest, libjpeg };

/// One picture, one thread. What the decoder warns of when data is missing or broken is an error here.
class JpegReader {
  public:
    /// `bytes` and `stop` must outlive the reader.
    JpegReader(std::span<const std::byte> bytes, const StopCheck& stop);
    ~JpegReader();
    JpegReader(const JpegReader&) = delete;
    JpegReader& operator=(const JpegReader&) = delete;

    /// Errors of all three: invalid_image, unsupported_image, cancelled, renderer_failed (memory).
    [[nodiscard]] Result<JpegInfo> read_header();

    /// After read_header. Rows will have sides of ⌈side / shrink⌉; `shrink` is 1, 2, 4 or 8. `smooth_chroma`
    /// interpolates the colours of a subsampled picture, which is not seen when it is made smaller
    /// afterwards.
    [[nodiscard]] Status start(std::uint32_t shrink, bool smooth_chroma,
                               EntropyDecoder entropy = EntropyDecoder::fastest);
    [[nodiscard]] std::uint32_t rows_width_px() const;
    [[nodiscard]] std::uint32_t rows_height_px() const;

    /// The next rows from the top into `out`, which holds whole rows; returns how many, 0 at the end.
    [[nodiscard]] Result<std::uint32_t> read_rows(std::span<std::uint8_t> out);

    /// After the last row: looks at the rest of the data.
    [[nodiscard]] Status finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

struct JpegOptions {
    std::uint8_t quality = 82;  // 1–100; 4:2:0 below 90, 4:4:4 from there on
    bool progressive = false;   // coarse to fine; else baseline
    bool optimised = false;     // Huffman codes made for this picture; progressive always has them
};

/// Grey or RGB pixels. No metadata but JFIF. Error: renderer_failed.
[[nodiscard]] Result<std::vector<std::byte>> write_jpeg(const Pixels& pixels, const JpegOptions& options);

/// "JPEG: libjpeg-turbo 2.1.5": what this was built with, as the library does not tell at run time.
[[nodiscard]] std::string jpeg_version();

}  // namespace safelight
