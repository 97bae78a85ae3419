#include "imaging/jpeg/libjpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

#include <algorithm>
#include <array>
#include <string>

// After cstdio, which jpeglib.h needs and does not include.
#include <jpeglib.h>
#define JMAKE_ENUM_LIST
#include <jerror.h>

#include "imaging/jpeg/baseline_entropy.h"
#include "imaging/jpeg/quantisation.h"

namespace safelight {
namespace {

constexpr int stopped = -1;  // as a message code: the caller called it off

struct ErrorManager : jpeg_error_mgr {
    std::jmp_buf jump;
};

ErrorManager& manager_of(j_common_ptr info) {
    return *static_cast<ErrorManager*>(info->err);
}

[[noreturn]] void leave(j_common_ptr info) {
    std::longjmp(manager_of(info).jump, 1);
}

/// Warnings of data that is missing or wrong. Others are of oddities that every viewer shrugs at, such as
/// stray bytes between segments.
bool means_damage(int code) {
    constexpr std::array damage{JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_MUST_RESYNC,
                                JWRN_ARITH_BAD_CODE};
    return std::ranges::find(damage, code) != damage.end();
}

void on_message(j_common_ptr info, int level) {
    if (level < 0 && means_damage(info->err->msg_code)) leave(info);
}

void on_progress(j_common_ptr info) {
    const auto* stop = static_cast<const StopCheck*>(info->client_data);
    if (stop == nullptr || !*stop || !(*stop)()) return;
    info->err->msg_code = stopped;
    leave(info);
}

void prepare(ErrorManager& errors) {
    jpeg_std_error(&errors);
    errors.error_exit = leave;
    errors.emit_message = on_message;
}

Error error_of(ErrorManager& errors, j_common_ptr info) {
    if (errors.msg_code == stopped) return {ErrorCode::cancelled, "The work was called off.", {}, {}};
    std::array<char, JMSG_LENGTH_MAX> text{};
    errors.format_message(info, text.data());
    const std::string log_text = std::string("libjpeg: ") + text.data();
    switch (errors.msg_code) {
        case JERR_OUT_OF_MEMORY:
            return {ErrorCode::renderer_failed, "The picture could not be processed.", log_text, {}};
        case JERR_SOF_UNSUPPORTED:
        case JERR_BAD_PRECISION:
        case JERR_ARITH_NOTIMPL:
        case JERR_CONVERSION_NOTIMPL:
            return {ErrorCode::unsupported_image, "This kind of JPEG is not supported.", log_text, {}};
        default:
            return {ErrorCode::invalid_image, "The JPEG is damaged.", log_text, {}};
    }
}

}  // namespace

struct JpegReader::State {
    jpeg_decompress_struct info{};
    ErrorManager errors{};
    jpeg_progress_mgr progress{};
    std::span<const std::byte> bytes;
    BaselineEntropyPointer entropy;  // libjpeg's own, when empty
    bool created = false;

    j_common_ptr common() { return reinterpret_cast<j_common_ptr>(&info); }
    std::unexpected<Error> failed() { return std::unexpected(error_of(errors, common())); }

    bool read_header() {
        if (setjmp(errors.jump) != 0) return false;
        jpeg_create_decompress(&info);
        created = true;
        info.progress = &progress;
        jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        jpeg_read_header(&info, TRUE);
        return true;
    }

    bool start(unsigned shrink, bool smooth_chroma) {
        if (setjmp(errors.jump) != 0) return false;
        info.scale_num = 1;
        info.scale_denom = shrink;
        info.do_fancy_upsampling = smooth_chroma ? TRUE : FALSE;
        info.out_color_space = info.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&info);
        return true;
    }

    bool read_rows(unsigned char* out, std::size_t row_bytes, unsigned rows, unsigned& count) {
        if (setjmp(errors.jump) != 0) return false;
        count = 0;
        while (count < rows && info.output_scanline < info.output_height) {
            std::array<JSAMPROW, 4> pointers{};
            const unsigned wanted = std::min<unsigned>(rows - count, pointers.size());
            for (unsigned i = 0; i < wanted; ++i) pointers[i] = out + (count + i) * row_bytes;
            count += jpeg_read_scanlines(&info, pointers.data(), wanted);
        }
        return true;
    }

    bool finish() {
        if (setjmp(errors.jump) != 0) return false;
        jpeg_finish_decompress(&info);
        return true;
    }
};

JpegReader::JpegReader(std::span<const std::byte> bytes, const StopCheck& stop)
    : state_(std::make_unique<State>()) {
    prepare(state_->errors);
    state_->info.err = &state_->errors;
    // Not written to; libjpeg's field is not const.
    state_->info.client_data = const_cast<StopCheck*>(&stop);
    state_->progress.progress_monitor = on_progress;
    state_->bytes = bytes;
}

JpegReader::~JpegReader() {
    if (state_->created) jpeg_destroy_decompress(&state_->info);
}

Result<JpegInfo> JpegReader::read_header() {
    if (!state_->read_header()) return state_->failed();
    const jpeg_decompress_struct& info = state_->info;
    JpegInfo header{info.image_width, info.image_height, 0};
    if (info.jpeg_color_space == JCS_GRAYSCALE) header.channels = 1;
    if (info.jpeg_color_space == JCS_YCbCr || info.jpeg_color_space == JCS_RGB) header.channels = 3;
    return header;
}

Status JpegReader::start(std::uint32_t shrink, bool smooth_chroma, EntropyDecoder entropy) {
    if (!state_->start(shrink, smooth_chroma)) return state_->failed();
    if (entropy == EntropyDecoder::fastest) state_->entropy = take_over_entropy(state_->info);
    return {};
}

std::uint32_t JpegReader::rows_width_px() const {
    return state_->info.output_width;
}
std::uint32_t JpegReader::rows_height_px() const {
    return state_->info.output_height;
}

Result<std::uint32_t> JpegReader::read_rows(std::span<std::uint8_t> out) {
    const std::size_t row_bytes =
        std::size_t{state_->info.output_width} * static_cast<std::size_t>(state_->info.output_components);
    unsigned count = 0;
    if (!state_->read_rows(out.data(), row_bytes, static_cast<unsigned>(out.size() / row_bytes), count)) {
        return state_->failed();
    }
    return count;
}

Status JpegReader::finish() {
    if (!state_->finish()) return state_->failed();
    return {};
}

namespace {

struct Writer {
    jpeg_compress_struct info{};
    ErrorManager errors{};
    unsigned char* buffer = nullptr;  // libjpeg's, by malloc
    unsigned long size = 0;
    bool created = false;

    Writer() {
        prepare(errors);
        info.err = &errors;
    }
    ~Writer() {
        if (created) jpeg_destroy_compress(&info);
        std::free(buffer);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Quality scales the steps as libjpeg does those of its own tables.
    void set_steps(std::uint8_t quality) {
        jpeg_add_quant_table(&info, 0, quantisation_steps.data(), jpeg_quality_scaling(quality), TRUE);
        for (int i = 0; i < info.num_components; ++i) info.comp_info[i].quant_tbl_no = 0;
    }

    bool write(const Pixels& pixels, const JpegOptions& options) {
        if (setjmp(errors.jump) != 0) return false;
        jpeg_create_compress(&info);
        created = true;
        jpeg_mem_dest(&info, &buffer, &size);
        info.image_width = pixels.width_px;
        info.image_height = pixels.height_px;
        info.input_components = static_cast<int>(pixels.channels);
        info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&info);
        set_steps(options.quality);
        if (options.quality >= 90) {
            info.comp_info[0].h_samp_factor = 1;
            info.comp_info[0].v_samp_factor = 1;
        }
        if (options.optimised) info.optimize_coding = TRUE;
        if (options.progressive) jpeg_simple_progression(&info);
        jpeg_start_compress(&info, TRUE);
        while (info.next_scanline < info.image_height) {
            // Only read from; libjpeg's parameter is not const.
            JSAMPROW row = const_cast<JSAMPROW>(pixels.row(info.next_scanline));
            jpeg_write_scanlines(&info, &row, 1);
        }
        jpeg_finish_compress(&info);
        return true;
    }
};

}  // namespace

Result<std::vector<std::byte>> write_jpeg(const Pixels& pixels, const JpegOptions& options) {
    Writer writer;
    if (!writer.write(pixels, options)) {
        Error error = error_of(writer.errors, reinterpret_cast<j_common_ptr>(&writer.info));
        return failure(ErrorCode::renderer_failed, "The picture could not be encoded.",
                       std::move(error.log_text));
    }
    const auto* begin = reinterpret_cast<const std::byte*>(writer.buffer);
    return std::vector<std::byte>(begin, begin + writer.size);
}

#define SAFELIGHT_TEXT_INNER(x) #x
#define SAFELIGHT_TEXT(x) SAFELIGHT_TEXT_INNER(x)

std::string jpeg_version() {
    return "JPEG: libjpeg-turbo " SAFELIGHT_TEXT(LIBJPEG_TURBO_VERSION);
}

}  // namespace safelight
