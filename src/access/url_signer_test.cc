#include "access/url_signer.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace safelight {
namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string other_secret = "another secret of more than 32 bytes";
const AccountId account = *AccountId::parse("01934b7e-5f00-7ac1-8def-0123456789ab");
constexpr Timestamp expires_at{std::chrono::seconds(1'800'000'000)};
const std::string path = "/v1/images/01934b7e-5f00-7ac0-8def-0123456789ab/original";

class UrlSignerTest : public ::testing::Test {
  protected:
    ManualClock clock_{expires_at - std::chrono::hours(1)};
    UrlSigner signer_{{.secrets = {secret}}, clock_};

    [[nodiscard]] static UrlSignature signature_in(const std::string& url) {
        const auto value = [&](const std::string& name) {
            const auto begin = url.find(name + "=") + name.size() + 1;
            return url.substr(begin, url.find('&', begin) - begin);
        };
        return {value("account"), value("expires"), value("signature")};
    }
    [[nodiscard]] UrlSignature made() const {
        return signature_in(signer_.sign(path, account, expires_at).value());
    }
    [[nodiscard]] bool takes(std::string_view its_path, const UrlSignature& signature) const {
        const auto verified = signer_.verify(its_path, signature);
        EXPECT_TRUE(verified || verified.error().code == ErrorCode::invalid_signature);
        return verified.has_value();
    }
};

// By `openssl dgst -sha256 -hmac SECRET -binary | basenc --base64url`.
TEST_F(UrlSignerTest, SignsAsIsDocumented) {
    EXPECT_EQ(signer_.sign(path, account, expires_at),
              path +
                  "?account=01934b7e-5f00-7ac1-8def-0123456789ab&expires=1800000000&signature="
                  "DCJ8IqGBMnmw0y36e_a4btZFd2ndkmf7SA9zB-9f6OU");
}

TEST_F(UrlSignerTest, TakesWhatItSigned) {
    EXPECT_EQ(signer_.verify(path, made()), account);
}

TEST_F(UrlSignerTest, RefusesAChangeOfAnyLetter) {
    const UrlSignature good = made();
    for (std::string UrlSignature::* part :
         {&UrlSignature::account, &UrlSignature::expires, &UrlSignature::signature}) {
        for (std::size_t i = 0; i < (good.*part).size(); ++i) {
            for (int bit = 0; bit < 7; ++bit) {
                UrlSignature changed = good;
                (changed.*part)[i] = static_cast<char>((changed.*part)[i] ^ (1 << bit));
                EXPECT_FALSE(takes(path, changed)) << (changed.*part);
            }
        }
        UrlSignature longer = good;
        longer.*part += "0";
        EXPECT_FALSE(takes(path, longer));
        UrlSignature none = good;
        (none.*part).clear();
        EXPECT_FALSE(takes(path, none));
    }
    for (std::size_t i = 0; i < path.size(); ++i) {
        std::string changed = path;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(takes(changed, good)) << changed;
    }
    EXPECT_FALSE(takes("/v1/images/01934b7e-5f00-7ac0-8def-0123456789ab/%6Friginal", good));
}

TEST_F(UrlSignerTest, PartsDoNotRunIntoEachOther) {
    const UrlSignature good = made();
    EXPECT_FALSE(takes(path + "\n" + good.account, {good.expires, "", good.signature}));
}

TEST_F(UrlSignerTest, RefusesWhatHasExpired) {
    const UrlSignature good = made();
    clock_.advance(std::chrono::hours(1) - Milliseconds{1});
    EXPECT_TRUE(takes(path, good));
    clock_.advance(Milliseconds{1});
    EXPECT_FALSE(takes(path, good));
}

TEST_F(UrlSignerTest, SecretsAreChangedWithoutAGap) {
    const UrlSigner next({.secrets = {other_secret, secret}}, clock_);
    EXPECT_EQ(next.verify(path, made()), account) << "signed by the one before";
    const UrlSignature fresh = signature_in(next.sign(path, account, expires_at).value());
    EXPECT_EQ(next.verify(path, fresh), account);
    EXPECT_FALSE(takes(path, fresh)) << "the new one signs";
    const UrlSigner last({.secrets = {other_secret}}, clock_);
    EXPECT_FALSE(last.verify(path, made())) << "the old one is gone";
}

TEST_F(UrlSignerTest, WithoutASecretNothingIsSignedOrTaken) {
    const UrlSigner off({}, clock_);
    EXPECT_EQ(off.sign(path, account, expires_at).error().code, ErrorCode::conflict);
    EXPECT_EQ(off.verify(path, made()).error().code, ErrorCode::invalid_signature);
    EXPECT_EQ(off.verify(path, {account.to_string(), "1800000000", ""}).error().code,
              ErrorCode::invalid_signature);
}

TEST(UrlSecrets, AreListsOfLongOnes) {
    EXPECT_EQ(url_secrets_from_text(""), std::vector<std::string>{});
    EXPECT_EQ(url_secrets_from_text(secret + ", " + other_secret), (std::vector{secret, other_secret}));
    EXPECT_EQ(url_secrets_to_text({secret, other_secret}), secret + "," + other_secret);
    for (const std::string& bad : {std::string(31, 'a'), secret + ",", "," + secret, secret + ",short"})
        EXPECT_FALSE(url_secrets_from_text(bad)) << bad;
}

}  // namespace
}  // namespace safelight
