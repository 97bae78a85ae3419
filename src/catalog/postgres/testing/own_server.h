// A server that one test has for itself, to freeze and to stop.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/testing/temporary_folder.h"

namespace safelight::postgres {

class OwnServer {
  public:
    OwnServer();
    /// A hot standby of the server at `primary_url`.
    explicit OwnServer(const std::string& primary_url);
    ~OwnServer();
    OwnServer(const OwnServer&) = delete;
    OwnServer& operator=(const OwnServer&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }

    /// SIGSTOP and SIGCONT for the server and all of its processes.
    void freeze();
    void thaw();
    /// As if the machine's power had failed, but for the disk.
    void stop();
    /// At the same address.
    void start_again();

  private:
    void start(const std::string& function, const std::string& argument);
    [[nodiscard]] std::vector<pid_t> processes() const;

    TemporaryFolder folder_;
    std::string url_;
    pid_t pid_ = 0;
    std::vector<pid_t> frozen_;
};

}  // namespace safelight::postgres
