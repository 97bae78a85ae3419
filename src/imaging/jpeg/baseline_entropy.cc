#include "imaging/jpeg/baseline_entropy.h"

#include <cstdio>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// After cstdio, which jpeglib.h needs and does not include.
#include <jpeglib.h>
// libjpeg's header for modules that take the place of its own. Not every system has it.
#if __has_include(<jpegint.h>)
#include <jpegint.h>
#define SAFELIGHT_OWN_ENTROPY 1
#endif
#define JMAKE_ENUM_LIST
#include <jerror.h>

#ifdef SAFELIGHT_OWN_ENTROPY

static_assert(JPEG_LIB_VERSION == 62,
              "what jpegint.h declares is known of this version of the interface alone");

namespace safelight {
namespace {

constexpr unsigned lookahead = 10;  // bits that the table looks at; most codes with their values are shorter
constexpr unsigned code_bits_max = 16;
constexpr unsigned block_size = 64;
constexpr unsigned run_to_end = 63;  // from any coefficient past the last one

/// Where the coefficient of each position of the zigzag is stored. What goes past the end stays in the block.
constexpr auto natural_order = [] {
    constexpr auto zigzag = std::to_array<std::uint8_t>(
        {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
         41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
         30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63});
    std::array<std::uint8_t, block_size + run_to_end> order{};
    order.fill(block_size - 1);
    std::ranges::copy(zigzag, order.begin());
    return order;
}();

/// ITU-T T.81, F.2.2.1, EXTEND: `value_bits` of them, of which the first is 0 in negative values.
constexpr int extended(std::uint32_t bits, unsigned value_bits) {
    const auto value = static_cast<int>(bits);
    const bool is_negative = value_bits > 0 && bits >> (value_bits - 1) == 0;
    return is_negative ? value - (1 << value_bits) + 1 : value;
}

/// What the next bits begin with, in one number: a code and the value behind it where the table sees both,
/// else the code alone. A code without a value stands for a value of zero. At first: a longer code than the
/// table looks at, or none at all.
class Entry {
  public:
    constexpr Entry() = default;
    static constexpr Entry whole(unsigned all_bits, unsigned run, int value) {
        return Entry(all_bits | run << 8 | std::uint32_t{static_cast<std::uint16_t>(value)} << 16);
    }
    static constexpr Entry code(unsigned code_bits, unsigned run, unsigned value_bits) {
        return Entry(code_bits | code_alone | run << 8 | value_bits << 16);
    }

    [[nodiscard]] constexpr bool is_whole() const { return (bits_ & code_alone) == 0; }
    [[nodiscard]] constexpr bool is_known() const { return bits_ != code_alone; }
    /// Of the code, or of code and value when it is whole.
    [[nodiscard]] constexpr unsigned length() const { return bits_ & 63; }
    /// How many coefficients before the value are zero.
    [[nodiscard]] constexpr unsigned run() const { return bits_ >> 8 & 63; }
    [[nodiscard]] constexpr int value() const { return static_cast<std::int16_t>(bits_ >> 16); }
    [[nodiscard]] constexpr unsigned value_bits() const { return bits_ >> 16; }

  private:
    static constexpr std::uint32_t code_alone = 64;

    explicit constexpr Entry(std::uint32_t bits) : bits_(bits) {}

    std::uint32_t bits_ = code_alone;
};

constexpr Entry entry_of(unsigned code_bits, unsigned symbol, bool is_dc) {
    const unsigned value_bits = symbol & 0xf;
    unsigned run = is_dc ? 0 : symbol >> 4;
    // "End of block" is a run of zeros to the end: the last of them is stored, where nothing else was.
    if (!is_dc && value_bits == 0 && run != 15) run = run_to_end;
    return Entry::code(code_bits, run, value_bits);
}

struct HuffmanTable {
    std::array<Entry, 1 << lookahead> entries{};
    std::array<std::int32_t, code_bits_max + 1> highest{};  // code of each length; -1: there is none
    std::array<std::int32_t, code_bits_max + 1> offset{};   // from a code to the place of its symbol
    std::array<std::uint8_t, 256> symbols{};
    bool is_dc = false;
};

/// All places whose bits begin with `code`.
void fill(HuffmanTable& table, std::uint32_t code, unsigned code_bits, Entry alone) {
    const unsigned free_bits = lookahead - code_bits;
    const unsigned value_bits = alone.value_bits();
    for (std::uint32_t rest = 0; rest < 1U << free_bits; ++rest) {
        Entry& entry = table.entries[(code << free_bits) + rest];
        entry = value_bits > free_bits ? alone
                                       : Entry::whole(code_bits + value_bits, alone.run(),
                                                      extended(rest >> (free_bits - value_bits), value_bits));
    }
}

/// `source` was checked by libjpeg when the scan began.
void build(HuffmanTable& table, const JHUFF_TBL& source, bool is_dc) {
    table.is_dc = is_dc;
    std::memcpy(table.symbols.data(), source.huffval, table.symbols.size());
    std::uint32_t code = 0;
    std::size_t place = 0;
    for (unsigned length = 1; length <= code_bits_max; ++length, code <<= 1) {
        table.offset[length] = static_cast<std::int32_t>(place) - static_cast<std::int32_t>(code);
        for (unsigned i = 0; i < source.bits[length]; ++i, ++code, ++place) {
            if (length > lookahead) continue;
            fill(table, code, length, entry_of(length, table.symbols[place], is_dc));
        }
        table.highest[length] = source.bits[length] > 0 ? static_cast<std::int32_t>(code) - 1 : -1;
    }
}

/// A code that the table does not look at; unknown when there is none such.
[[gnu::noinline]] Entry long_code(const HuffmanTable& table, std::uint64_t bits) {
    for (unsigned length = lookahead + 1; length <= code_bits_max; ++length) {
        const auto code = static_cast<std::int32_t>(bits >> (64 - length));
        if (code > table.highest[length]) continue;
        const auto place = static_cast<std::size_t>(code + table.offset[length]) & 0xff;
        return entry_of(length, table.symbols[place], table.is_dc);
    }
    return {};
}

/// The bits of a scan, without the zeros that are stuffed behind each 0xff. At its end come zeros for ever.
struct BitReader {
    std::uint64_t bits = 0;  // the next ones, from the uppermost on
    unsigned count = 0;      // how many of them are known
    unsigned invented = 0;   // how many of these lie behind the end
    const std::uint8_t* next = nullptr;
    const std::uint8_t* plain_end = nullptr;  // the first 0xff from `next` on, or the end
    const std::uint8_t* end = nullptr;

    BitReader() = default;
    BitReader(const std::uint8_t* from, const std::uint8_t* to)
        : next(from), plain_end(std::find(from, to, std::uint8_t{0xff})), end(to) {}

    void skip(unsigned size) {
        bits <<= size;
        count -= size;
    }
    /// True when more was read than there is.
    [[nodiscard]] bool is_overdrawn() const { return count < invented; }
};

/// Passes a 0xff that stands for itself. False: a marker begins here, or the bytes are over.
bool pass_stuffing(BitReader& reader) {
    const std::uint8_t* const after =
        std::find_if(reader.next, reader.end, [](std::uint8_t byte) { return byte != 0xff; });
    if (after == reader.end || *after != 0) return false;
    reader.next = after + 1;
    reader.plain_end = std::find(reader.next, reader.end, std::uint8_t{0xff});
    return true;
}

/// One byte after the other. By value, so that the reader stays in registers elsewhere.
[[gnu::noinline]] BitReader refilled_slowly(BitReader reader) {
    while (reader.count < 56) {
        std::uint64_t byte = 0;
        if (reader.next != reader.plain_end) {
            byte = *reader.next++;
        } else if (pass_stuffing(reader)) {
            byte = 0xff;
        } else {
            reader.invented += 8;
        }
        reader.bits |= byte << (56 - reader.count);
        reader.count += 8;
    }
    return reader;
}

/// At least 56 bits are known afterwards.
[[gnu::always_inline]] inline void refill(BitReader& reader) {
    if (reader.plain_end - reader.next >= 8) [[likely]] {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, reader.next, sizeof bytes);
        if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
        // The bits of a byte that is only begun are there too; they come once more with the whole byte.
        reader.bits |= bytes >> reader.count;
        reader.next += (63 - reader.count) >> 3;
        reader.count |= 56;
        return;
    }
    reader = refilled_slowly(reader);
}

struct Coefficient {
    int value = 0;
    unsigned run = 0;
    bool is_valid = false;  // else there is no such code
};

/// A code that is not whole in the table. Needs no bits to be there.
[[gnu::always_inline]] inline Coefficient read_rare_coefficient(BitReader& reader, const HuffmanTable& table,
                                                                Entry entry) {
    refill(reader);
    if (!entry.is_known()) entry = long_code(table, reader.bits);
    if (!entry.is_known()) return {};
    reader.skip(entry.length());
    const unsigned value_bits = entry.value_bits();
    // In two shifts, for there may be no bits.
    const int value =
        extended(static_cast<std::uint32_t>(reader.bits >> 32 >> (32 - value_bits)), value_bits);
    reader.skip(value_bits);
    return {value, entry.run(), true};
}

/// Needs `lookahead` bits to be there.
[[gnu::always_inline]] inline Coefficient read_coefficient(BitReader& reader, const HuffmanTable& table) {
    const Entry entry = table.entries[reader.bits >> (64 - lookahead)];
    if (!entry.is_whole()) [[unlikely]]
        return read_rare_coefficient(reader, table, entry);
    reader.skip(entry.length());
    return {entry.value(), entry.run(), true};
}

/// The next AC coefficient, from position `k` of the zigzag on. False: there is no such code.
[[gnu::always_inline]] inline bool store_next(BitReader& reader, const HuffmanTable& table, JCOEF* block,
                                              unsigned& k) {
    const Coefficient coefficient = read_coefficient(reader, table);
    k += coefficient.run;
    block[natural_order[k++]] = static_cast<JCOEF>(coefficient.value);
    return coefficient.is_valid;
}

/// The difference of the DC coefficient to the one before, and the 63 others. False: there is no such code.
[[gnu::always_inline]] inline bool read_block(BitReader& reader, const HuffmanTable& dc_table,
                                              const HuffmanTable& ac_table, int& dc_difference,
                                              JCOEF* block) {
    refill(reader);
    const Coefficient dc = read_coefficient(reader, dc_table);
    if (!dc.is_valid) return false;
    dc_difference = dc.value;
    unsigned k = 1;
    while (true) {
        if (!store_next(reader, ac_table, block, k)) return false;
        if (k >= block_size) return true;
        if (!store_next(reader, ac_table, block, k)) return false;
        if (k >= block_size) return true;
        refill(reader);
    }
}

[[noreturn]] void leave(jpeg_decompress_struct& info, int code) {
    info.err->msg_code = code;
    (*info.err->error_exit)(reinterpret_cast<j_common_ptr>(&info));
    std::abort();  // error_exit does not return
}

}  // namespace

class BaselineEntropy : public jpeg_entropy_decoder {
  public:
    explicit BaselineEntropy(jpeg_decompress_struct& info) : jpeg_entropy_decoder(*info.entropy) {
        decode_mcu = &decode;
        const std::uint8_t* const data = info.src->next_input_byte;
        reader_ = BitReader(data, data + info.src->bytes_in_buffer);
        restarts_to_go_ = info.restart_interval;
        for (int i = 0; i < info.comps_in_scan; ++i) {
            const jpeg_component_info& component = *info.cur_comp_info[i];
            tables_[static_cast<std::size_t>(i)] = {
                table(dc_, component.dc_tbl_no, *info.dc_huff_tbl_ptrs[component.dc_tbl_no], true),
                table(ac_, component.ac_tbl_no, *info.ac_huff_tbl_ptrs[component.ac_tbl_no], false)};
        }
    }

  private:
    using Tables = std::array<std::unique_ptr<HuffmanTable>, NUM_HUFF_TBLS>;

    /// Of one component of the scan.
    struct TablesInUse {
        const HuffmanTable* dc = nullptr;
        const HuffmanTable* ac = nullptr;
    };

    static const HuffmanTable* table(Tables& tables, int number, const JHUFF_TBL& source, bool is_dc) {
        auto& place = tables[static_cast<std::size_t>(number)];
        if (!place) {
            place = std::make_unique<HuffmanTable>();
            build(*place, source, is_dc);
        }
        return place.get();
    }

    static boolean decode(j_decompress_ptr info, JBLOCKROW* blocks) {
        static_cast<BaselineEntropy*>(info->entropy)->decode_blocks(*info, blocks);
        return TRUE;
    }

    /// The blocks come zeroed.
    void decode_blocks(jpeg_decompress_struct& info, JBLOCKROW* blocks) {
        if (info.restart_interval != 0) {
            if (restarts_to_go_ == 0) restart(info);
            --restarts_to_go_;
        }
        BitReader reader = reader_;
        for (int i = 0; i < info.blocks_in_MCU; ++i) {
            const auto component = static_cast<std::size_t>(info.MCU_membership[i]);
            const TablesInUse& tables = tables_[component];
            JCOEF* const block = *blocks[i];
            int difference = 0;
            if (!read_block(reader, *tables.dc, *tables.ac, difference, block))
                leave(info, JWRN_HUFF_BAD_CODE);
            // Unsigned, for a hostile scan adds up to more than an int holds.
            last_dc_[component] += static_cast<unsigned>(difference);
            block[0] = static_cast<JCOEF>(last_dc_[component]);
        }
        if (reader.is_overdrawn()) leave(info, JWRN_HIT_MARKER);
        reader_ = reader;
        give_back(info);
    }

    /// Where libjpeg goes on when the scan is over.
    void give_back(jpeg_decompress_struct& info) const {
        info.src->next_input_byte = reader_.next;
        info.src->bytes_in_buffer = static_cast<std::size_t>(reader_.end - reader_.next);
    }

    /// Passes the next marker, which has to be the restart that is due. What bits are left over before it are
    /// padding, and stray bytes count as such.
    void restart(jpeg_decompress_struct& info) {
        const std::uint8_t* at = reader_.next;
        const std::uint8_t* const end = reader_.end;
        std::uint8_t marker = 0;
        while (marker == 0 && at != end) {
            at = std::find(at, end, std::uint8_t{0xff});
            while (at != end && *at == 0xff) ++at;
            if (at != end) marker = *at++;  // 0: a stuffed zero
        }
        if (marker != JPEG_RST0 + restarts_ % 8) leave(info, marker == 0 ? JWRN_JPEG_EOF : JWRN_MUST_RESYNC);
        ++restarts_;
        restarts_to_go_ = info.restart_interval;
        last_dc_ = {};
        reader_ = BitReader(at, end);
    }

    BitReader reader_;
    unsigned restarts_to_go_ = 0;  // MCUs before the next restart
    unsigned restarts_ = 0;
    std::array<unsigned, MAX_COMPS_IN_SCAN> last_dc_{};
    std::array<TablesInUse, MAX_COMPS_IN_SCAN> tables_{};
    Tables dc_;
    Tables ac_;
};

void DeleteBaselineEntropy::operator()(BaselineEntropy* decoder) const {
    delete decoder;
}

BaselineEntropyPointer take_over_entropy(jpeg_decompress_struct& info) {
    const bool is_known = info.progressive_mode == FALSE && info.arith_code == FALSE &&
                          info.inputctl->has_multiple_scans == FALSE;
    if (!is_known) return nullptr;
    BaselineEntropyPointer decoder(new BaselineEntropy(info));
    info.entropy = decoder.get();
    return decoder;
}

}  // namespace safelight

#else

namespace safelight {

class BaselineEntropy {};

void DeleteBaselineEntropy::operator()(BaselineEntropy* decoder) const {
    delete decoder;
}

BaselineEntropyPointer take_over_entropy(jpeg_decompress_struct&) {
    return nullptr;
}

}  // namespace safelight

#endif
