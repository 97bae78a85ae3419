#include "catalog/postgres/parameters.h"

#include <bit>

namespace safelight::postgres {
namespace {

// From pg_type.dat; they never change.
constexpr Oid bool_type = 16;
constexpr Oid bytea_type = 17;
constexpr Oid int8_type = 20;
constexpr Oid text_type = 25;
constexpr Oid float8_type = 701;
constexpr Oid text_array_type = 1009;
constexpr Oid uuid_type = 2950;
constexpr Oid uuid_array_type = 2951;

template <class Unsigned>
void append_big_endian(std::string& bytes, Unsigned value) {
    for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>((value >> shift) & 0xff));
}

template <class Unsigned>
std::string big_endian(Unsigned value) {
    std::string bytes;
    append_big_endian(bytes, value);
    return bytes;
}

std::string_view view_of(const Uuid& uuid) {
    return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

/// One dimension, without nulls.
template <class Element, class View>
std::string array_of(std::span<const Element> elements, Oid element_type, View view) {
    std::string bytes;
    append_big_endian<std::uint32_t>(bytes, elements.empty() ? 0 : 1);
    append_big_endian<std::uint32_t>(bytes, 0);  // no nulls
    append_big_endian<std::uint32_t>(bytes, element_type);
    if (elements.empty()) return bytes;
    append_big_endian(bytes, static_cast<std::uint32_t>(elements.size()));
    append_big_endian<std::uint32_t>(bytes, 1);  // the first index
    for (const Element& element : elements) {
        const std::string_view value = view(element);
        append_big_endian(bytes, static_cast<std::uint32_t>(value.size()));
        bytes += value;
    }
    return bytes;
}

}  // namespace

Parameters::Arrays Parameters::arrays() const {
    Arrays arrays;
    for (const auto& value : values_) {
        arrays.values.push_back(value ? value->data() : nullptr);
        arrays.lengths.push_back(value ? static_cast<int>(value->size()) : 0);
        arrays.formats.push_back(1);
    }
    return arrays;
}

void Parameters::add(bool value) {
    push(bool_type, std::string(1, value ? '\1' : '\0'));
}

void Parameters::add(double value) {
    push(float8_type, big_endian(std::bit_cast<std::uint64_t>(value)));
}

void Parameters::add(std::string_view value) {
    push(text_type, std::string(value));
}

void Parameters::add(std::span<const std::byte> value) {
    push(bytea_type, std::string(reinterpret_cast<const char*>(value.data()), value.size()));
}

void Parameters::add(const Uuid& value) {
    push(uuid_type, std::string(view_of(value)));
}

void Parameters::add(std::span<const Uuid> values) {
    push(uuid_array_type, array_of(values, uuid_type, view_of));
}

void Parameters::add(std::span<const std::string> values) {
    push(text_array_type,
         array_of(values, text_type, [](const std::string& value) { return std::string_view(value); }));
}

void Parameters::add_integer(std::int64_t value) {
    push(int8_type, big_endian(static_cast<std::uint64_t>(value)));
}

void Parameters::push(Oid type, std::string bytes) {
    types_.push_back(type);
    values_.emplace_back(std::move(bytes));
}

}  // namespace safelight::postgres
