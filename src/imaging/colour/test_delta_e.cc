#include "imaging/colour/test_delta_e.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace safelight::test {
namespace {

using Matrix = std::array<Triple, 3>;

constexpr double degree = std::numbers::pi / 180;

Triple times(const Matrix& matrix, const Triple& v) {
    Triple out{};
    for (std::size_t i = 0; i < 3; ++i)
        out[i] = matrix[i][0] * v[0] + matrix[i][1] * v[1] + matrix[i][2] * v[2];
    return out;
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix out{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < 3; ++k) {
            for (std::size_t j = 0; j < 3; ++j) out[i][k] += a[i][j] * b[j][k];
        }
    }
    return out;
}

Matrix inverse(const Matrix& m) {
    Matrix out{};
    const auto minor = [&m](std::size_t r, std::size_t c) {
        const std::size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
        return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
    };
    const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t c = 0; c < 3; ++c) out[r][c] = minor(c, r) / determinant;
    }
    return out;
}

Triple xyz_of_chromaticity(double x, double y) {
    return {x / y, 1, (1 - x - y) / y};
}

constexpr Triple d50{0.9642, 1, 0.8249};

/// SMPTE RP 177, then Bradford's adaptation.
Matrix xyz_matrix(const std::array<std::array<double, 2>, 3>& primaries) {
    const Triple d65 = xyz_of_chromaticity(0.3127, 0.3290);
    Matrix columns{};
    for (std::size_t i = 0; i < 3; ++i) {
        const Triple xyz = xyz_of_chromaticity(primaries[i][0], primaries[i][1]);
        for (std::size_t k = 0; k < 3; ++k) columns[k][i] = xyz[k];
    }
    const Triple scale = times(inverse(columns), d65);
    for (auto& row : columns) {
        for (std::size_t i = 0; i < 3; ++i) row[i] *= scale[i];
    }
    constexpr Matrix bradford{
        {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
    const Triple from = times(bradford, d65);
    const Triple to = times(bradford, d50);
    Matrix gains{};
    for (std::size_t i = 0; i < 3; ++i) gains[i][i] = to[i] / from[i];
    return times(times(inverse(bradford), times(gains, bradford)), columns);
}

const Matrix& srgb_matrix() {
    static const Matrix matrix = xyz_matrix({{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}});
    return matrix;
}

const Matrix& display_p3_matrix() {
    static const Matrix matrix = xyz_matrix({{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}});
    return matrix;
}

Triple light_of_samples(const std::array<std::uint8_t, 3>& rgb) {
    return {light_of(rgb[0] / 255.0), light_of(rgb[1] / 255.0), light_of(rgb[2] / 255.0)};
}

double hue(double a, double b) {
    if (a == 0 && b == 0) return 0;
    const double angle = std::atan2(b, a) / degree;
    return angle < 0 ? angle + 360 : angle;
}

/// Equation 14: the mean of two hues, whichever way round is shorter; of one alone when the other has none.
double mean_hue(double h1, double h2, bool both) {
    if (!both) return h1 + h2;
    if (std::abs(h1 - h2) <= 180) return (h1 + h2) / 2;
    return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}

double hue_difference(double h1, double h2, bool both) {
    if (!both) return 0;
    if (h2 - h1 > 180) return h2 - h1 - 360;
    return h2 - h1 < -180 ? h2 - h1 + 360 : h2 - h1;
}

double seventh(double c) {
    return std::sqrt(std::pow(c, 7) / (std::pow(c, 7) + std::pow(25.0, 7)));
}

}  // namespace

double delta_e_2000(const Lab& one, const Lab& other) {
    const double mean_chroma = (std::hypot(one.a, one.b) + std::hypot(other.a, other.b)) / 2;
    const double g = 0.5 * (1 - seventh(mean_chroma));
    const double a1 = (1 + g) * one.a;
    const double a2 = (1 + g) * other.a;
    const double c1 = std::hypot(a1, one.b);
    const double c2 = std::hypot(a2, other.b);
    const bool both = c1 * c2 != 0;
    const double h1 = hue(a1, one.b);
    const double h2 = hue(a2, other.b);
    const double lightness = other.lightness - one.lightness;
    const double chroma = c2 - c1;
    const double turn = 2 * std::sqrt(c1 * c2) * std::sin(hue_difference(h1, h2, both) / 2 * degree);

    const double l = (one.lightness + other.lightness) / 2 - 50;
    const double c = (c1 + c2) / 2;
    const double h = mean_hue(h1, h2, both);
    const double t = 1 - 0.17 * std::cos((h - 30) * degree) + 0.24 * std::cos(2 * h * degree) +
                     0.32 * std::cos((3 * h + 6) * degree) - 0.20 * std::cos((4 * h - 63) * degree);
    const double theta = 30 * std::exp(-std::pow((h - 275) / 25, 2));
    const double sl = 1 + 0.015 * l * l / std::sqrt(20 + l * l);
    const double sc = 1 + 0.045 * c;
    const double sh = 1 + 0.015 * c * t;
    const double rotation = -std::sin(2 * theta * degree) * 2 * seventh(c);
    return std::sqrt(std::pow(lightness / sl, 2) + std::pow(chroma / sc, 2) + std::pow(turn / sh, 2) +
                     rotation * (chroma / sc) * (turn / sh));
}

Lab lab_of_xyz(const Triple& xyz) {
    const auto f = [](double t) {
        constexpr double d = 6.0 / 29;
        return t > d * d * d ? std::cbrt(t) : t / (3 * d * d) + 4.0 / 29;
    };
    const double x = f(xyz[0] / d50[0]);
    const double y = f(xyz[1] / d50[1]);
    const double z = f(xyz[2] / d50[2]);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double light_of(double encoded) {
    return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

double encoded_of(double light) {
    return light <= 0.0031308 ? light * 12.92 : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

Triple xyz_of_srgb(const std::array<std::uint8_t, 3>& rgb) {
    return times(srgb_matrix(), light_of_samples(rgb));
}

Triple xyz_of_display_p3(const std::array<std::uint8_t, 3>& rgb) {
    return times(display_p3_matrix(), light_of_samples(rgb));
}

std::array<std::uint8_t, 3> display_p3_of_srgb(const std::array<std::uint8_t, 3>& rgb) {
    const Triple light = times(inverse(display_p3_matrix()), xyz_of_srgb(rgb));
    std::array<std::uint8_t, 3> out{};
    for (std::size_t i = 0; i < 3; ++i)
        out[i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(encoded_of(light[i]), 0.0, 1.0)));
    return out;
}

}  // namespace safelight::test
