// Issuers of tokens: key pairs, and what they sign.
#pragma once

#include <rhonabwy.h>

#include <boost/json.hpp>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "access/token_config.h"
#include "base/text.h"

namespace safelight::testing {

[[nodiscard]] inline std::string base64url(std::string_view text) {
    return base64url_encode(std::as_bytes(std::span(text)));
}

/// header.claims.signature, with a signature of no key.
[[nodiscard]] inline std::string unsigned_token(std::string_view header, std::string_view claims) {
    return base64url(header) + "." + base64url(claims) + "." + base64url("no signature");
}

class TestKey {
  public:
    TestKey(TokenAlgorithm algorithm, std::string id) : algorithm_(algorithm), id_(std::move(id)) {
        const int type = algorithm == TokenAlgorithm::rs256   ? R_KEY_TYPE_RSA
                         : algorithm == TokenAlgorithm::es256 ? R_KEY_TYPE_EC
                                                              : R_KEY_TYPE_EDDSA;
        const unsigned int bits = algorithm == TokenAlgorithm::rs256 ? 2'048 : 256;
        r_jwk_init(&private_);
        r_jwk_init(&public_);
        if (r_jwk_generate_key_pair(private_, public_, type, bits, id_.c_str()) != RHN_OK)
            throw std::runtime_error("generating a key");
    }
    ~TestKey() {
        r_jwk_free(private_);
        r_jwk_free(public_);
    }
    TestKey(const TestKey&) = delete;
    TestKey& operator=(const TestKey&) = delete;

    [[nodiscard]] boost::json::object public_jwk() const { return jwk(public_); }
    [[nodiscard]] boost::json::object private_jwk() const { return jwk(private_); }

    [[nodiscard]] std::string sign(std::string_view claims, boost::json::object header = {}) const {
        header["alg"] = name_of(algorithm_);
        if (!header.contains("kid")) header["kid"] = id_;
        jws_t* jws = nullptr;
        r_jws_init(&jws);
        r_jws_set_full_header_json_str(jws, boost::json::serialize(header).c_str());
        r_jws_set_alg(jws, r_str_to_jwa_alg(std::string(name_of(algorithm_)).c_str()));
        r_jws_set_payload(jws, reinterpret_cast<const unsigned char*>(claims.data()), claims.size());
        char* const text = r_jws_serialize(jws, private_, R_FLAG_IGNORE_REMOTE);
        r_jws_free(jws);
        if (text == nullptr) throw std::runtime_error("signing a token");
        std::string token(text);
        r_free(text);
        return token;
    }

  private:
    static boost::json::object jwk(jwk_t* key) {
        char* const text = r_jwk_export_to_json_str(key, 0);
        boost::json::object object = boost::json::parse(text).as_object();
        r_free(text);
        return object;
    }

    const TokenAlgorithm algorithm_;
    const std::string id_;
    jwk_t* private_ = nullptr;
    jwk_t* public_ = nullptr;
};

[[nodiscard]] inline std::string key_set(std::initializer_list<boost::json::object> keys) {
    boost::json::array list;
    for (const auto& key : keys) list.push_back(key);
    return boost::json::serialize(boost::json::object{{"keys", std::move(list)}});
}

}  // namespace safelight::testing
