#include "catalog/postgres/testing/own_server.h"

#include <signal.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace safelight::postgres {
namespace {

/// What a function of scripts/services/postgres.sh prints, and what is printed after it.
std::string shell(const std::string& commands) {
    const std::string line = "cd " SAFELIGHT_SOURCE_FOLDER
                             " && bash -c '. scripts/services.sh; . scripts/services/postgres.sh; " +
                             commands + "'";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(::popen(line.c_str(), "r"), &::pclose);
    std::string text;
    for (int character = 0; (character = std::fgetc(output.get())) != EOF;)
        text.push_back(static_cast<char>(character));
    return text;
}

}  // namespace

OwnServer::OwnServer() {
    start("start_postgres", "");
}

OwnServer::OwnServer(const std::string& primary_url) {
    start("start_postgres_standby", primary_url);
}

OwnServer::~OwnServer() {
    thaw();
    stop();
}

void OwnServer::start(const std::string& function, const std::string& argument) {
    const std::string answer = shell(function + " " + folder_.path().string() + "/server \"" + argument +
                                     "\" && echo $postgres_pid $SAFELIGHT_TEST_POSTGRES");
    const auto space = answer.find(' ');
    if (space == std::string::npos) throw std::runtime_error("the server did not start: " + answer);
    pid_ = static_cast<pid_t>(std::stol(answer.substr(0, space)));
    url_ = answer.substr(space + 1, answer.find('\n') - space - 1);
}

std::vector<pid_t> OwnServer::processes() const {
    std::vector<pid_t> found{pid_};
    const std::string pid = std::to_string(pid_);
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
    return found;
}

void OwnServer::freeze() {
    ::kill(pid_, SIGSTOP);  // first, so that no more come
    frozen_ = processes();
    for (const pid_t pid : frozen_) ::kill(pid, SIGSTOP);
}

void OwnServer::thaw() {
    for (const pid_t pid : frozen_) ::kill(pid, SIGCONT);
    frozen_.clear();
}

void OwnServer::stop() {
    shell("postgres_folder=" + folder_.path().string() + "/server; stop_postgres");
}

void OwnServer::start_again() {
    const std::string port = url_.substr(url_.rfind(':') + 1, url_.rfind('/') - url_.rfind(':') - 1);
    start("free_ports() { echo " + port + "; }; run_postgres", "");
}

}  // namespace safelight::postgres
