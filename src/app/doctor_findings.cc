#include "app/doctor_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace safelight::app {
namespace {

std::string line(std::string_view verdict, std::string_view part, std::string_view text) {
    return fmt::format("{:<5} {:<9} {}\n", verdict, part, text);
}

std::string lines_of_fault(std::string_view part, const Error& error) {
    std::string lines = line("FAIL", part, error.public_text);
    if (!error.log_text.empty()) lines += line("", "", error.log_text);
    return lines;
}

}  // namespace

Findings put_off() {
    return {.facts = {}, .warnings = {}, .faults = {}, .is_put_off = true};
}

std::string lines_of(std::string_view part, const Finding& finding) {
    if (!finding) return lines_of_fault(part, finding.error());
    const Findings& found = *finding;
    if (found.is_put_off) return line("--", part, "not looked at: what stands above comes first");
    std::string lines;
    for (const Error& fault : found.faults) lines += lines_of_fault(part, fault);
    for (const std::string& warning : found.warnings) lines += line("warn", part, warning);
    const std::string facts = fmt::format("{}", fmt::join(found.facts, "; "));
    if (lines.empty()) return line("ok", part, facts);
    return facts.empty() ? lines : lines + line("", "", facts);
}

bool is_well(const Finding& finding) {
    return finding && finding->faults.empty();
}

}  // namespace safelight::app
