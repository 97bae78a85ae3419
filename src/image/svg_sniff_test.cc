#include "image/svg_sniff.h"

#include <gtest/gtest.h>

#include <string>

namespace safelight {
namespace {

TEST(SvgSniff, FindsTheRootBehindWhatMayStandBefore) {
    for (const std::string_view text :
         {"<svg xmlns='http://www.w3.org/2000/svg'/>", "<svg>", "<svg/>", "<svg\n>", "<s:svg xmlns:s='x'/>",
          "\xef\xbb\xbf<svg>", " \r\n\t<svg >", "<?xml version='1.0'?><svg>",
          "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by > <html> hand -->\n<svg >",
          "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/svg11.dtd\"><svg>",
          "<!DOCTYPE svg [ <!ENTITY a \"]>\"> <!-- ]> --> <!ENTITY b '<html>'> ]>\n<svg>",
          "<?xml-stylesheet href='a?b'?><!----><!-- --><svg>"}) {
        EXPECT_TRUE(begins_svg(text)) << text;
    }
}

TEST(SvgSniff, IsNotMisled) {
    for (const std::string_view text :
         {"", "<", "<svg", "svg>", "<svgz>", "<html><svg>", "<!-- <svg>", "<!-- --", "<?xml ", "<?xml?>",
          "<!DOCTYPE svg", "<!DOCTYPE svg [<!ENTITY a '><svg>", "<!DOCTYPE svg [><svg>", "<svg:rect>",
          "text <svg>", "<!doctype html><svg>", "\xff\xfe<\0s\0"}) {
        EXPECT_FALSE(begins_svg(text)) << text;
    }
}

TEST(SvgSniff, EveryCutIsDecided) {
    const std::string whole =
        "\xef\xbb\xbf<?xml version='1.0'?><!-- c --><!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg ";
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(begins_svg(std::string(whole, 0, size))) << size;
    EXPECT_TRUE(begins_svg(whole));
}

}  // namespace
}  // namespace safelight
