// Decodes the Huffman codes of baseline JPEGs in place of libjpeg's own module, and about twice as fast. Most
// of the time of decoding a photograph is spent there. Everything else stays libjpeg's: headers, tables, DCT,
// colour.
#pragma once

#include <memory>

struct jpeg_decompress_struct;

namespace safelight {

class BaselineEntropy;

struct DeleteBaselineEntropy {
    void operator()(BaselineEntropy* decoder) const;
};
using BaselineEntropyPointer = std::unique_ptr<BaselineEntropy, DeleteBaselineEntropy>;

/// After jpeg_start_decompress, before the first row; the source is jpeg_mem_src. What it decodes is bit for
/// bit what libjpeg would. Data that is cut off or wrong ends in error_exit with the code of the warning that
/// libjpeg gives for it (for codes that do not exist it gives one only in its slow way, and else goes on).
/// Empty, and nothing is changed, for what it does not know: progressive and arithmetic JPEGs, and those of
/// several scans. The result must outlive every further call for `info`.
[[nodiscard]] BaselineEntropyPointer take_over_entropy(jpeg_decompress_struct& info);

}  // namespace safelight
