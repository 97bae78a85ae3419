// Uploads that arrive in parts, on any of the databases: their tables and statements are the same everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/resumable_uploads.h"
#include "catalog/sql/row.h"
#include "catalog/sql/statements.h"

namespace safelight {

[[nodiscard]] inline std::unexpected<Error> no_upload() {
    return failure(ErrorCode::not_found, "There is no such upload.");
}
[[nodiscard]] inline std::unexpected<Error> upload_fenced() {
    return failure(ErrorCode::fenced, "Another request has gone on with this upload, or ended it.");
}
/// The sweeper took the part's blob for one that nobody writes any more.
[[nodiscard]] inline std::unexpected<Error> part_overdue() {
    return failure(ErrorCode::conflict, "The upload took too long.", "a part is not reserved any more");
}

/// The columns of find_upload.
[[nodiscard]] ResumableUpload read_upload(Columns& columns);
/// The columns of parts_of_upload.
[[nodiscard]] UploadPart read_upload_part(Columns& columns);
[[nodiscard]] inline BlobKey read_blob_of_part(Columns& columns) {
    return columns.id<BlobKey>();
}
[[nodiscard]] inline UploadId read_upload_id(Columns& columns) {
    return columns.id<UploadId>();
}
[[nodiscard]] inline std::uint64_t read_count(Columns& columns) {
    return columns.number<std::uint64_t>();
}

/// For a connection with its transaction open: the upload has become `job`, and its parts are let go of.
/// Errors: fenced.
template <class Connection>
[[nodiscard]] Status end_upload(Connection& connection, AccountId owner, const UploadEnd& end, JobId job) {
    TRY_ASSIGN(const std::uint64_t ended,
               connection.run(sql::end_upload, end.id, owner, end.received_bytes, job, end.expires_at));
    if (ended == 0) return upload_fenced();
    TRY(connection.run_later(sql::doom_upload_parts, end.id));
    TRY(connection.run_later(sql::delete_upload_parts, end.id));
    return {};
}

/// `Database` as in accounts.h.
template <class Database>
class SqlResumableUploads final : public ResumableUploads {
  public:
    explicit SqlResumableUploads(Database database) : database_(std::move(database)) {}

    Status create(const ResumableUpload& upload, std::uint32_t unfinished_max) override {
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(auto query, connection.query(sql::unfinished_uploads, upload.owner, unfinished_max));
            TRY_ASSIGN(const auto unfinished, read_all(std::move(query), &read_count));
            if (unfinished.front() >= unfinished_max) {
                return failure(ErrorCode::overloaded,
                               "The account has too many unfinished uploads. Finish or remove some.");
            }
            TRY(connection.run(sql::create_upload, upload.id, upload.owner, upload.size_bytes,
                               std::string_view(upload.details), upload.expires_at));
            return {};
        });
    }

    Result<ResumableUpload> find(AccountId owner, UploadId id) override {
        return database_.read([&](auto& connection) -> Result<ResumableUpload> {
            TRY_ASSIGN(auto query, connection.query(sql::find_upload, id, owner));
            TRY_ASSIGN(auto found, read_all(std::move(query), &read_upload));
            if (found.empty()) return no_upload();
            return std::move(found.front());
        });
    }

    Result<std::vector<UploadPart>> parts(AccountId owner, UploadId id) override {
        return database_.read([&](auto& connection) -> Result<std::vector<UploadPart>> {
            TRY_ASSIGN(auto query, connection.query(sql::parts_of_upload, id, owner));
            return read_all(std::move(query), &read_upload_part);
        });
    }

    Status append(AccountId owner, UploadId id, std::span<const UploadPart> parts,
                  Timestamp expires_at) override {
        if (parts.empty()) return {};
        const std::uint64_t begin = parts.front().offset;
        const std::uint64_t end = parts.back().offset + parts.back().size_bytes;
        return database_.write([&](auto& connection) -> Status {
            TRY_ASSIGN(const std::uint64_t moved,
                       connection.run(sql::move_upload, id, owner, begin, end, parts.size(), expires_at));
            if (moved == 0) return upload_fenced();
            for (const UploadPart& part : parts) {
                TRY_ASSIGN(const std::uint64_t live, connection.run(sql::make_live, part.blob));
                if (live == 0) return part_overdue();
                TRY(connection.run_later(sql::add_upload_part, id, part.offset, part.blob, part.size_bytes,
                                         part.sha256));
            }
            return {};
        });
    }

    Result<std::vector<BlobKey>> remove(AccountId owner, UploadId id) override {
        return database_.write([&](auto& connection) -> Result<std::vector<BlobKey>> {
            TRY_ASSIGN(const bool held, hold(connection, sql::hold_upload, id, owner));
            if (!held) return no_upload();
            return erase(connection, id);
        });
    }

    Result<std::vector<BlobKey>> give_up(AccountId owner, UploadId id,
                                         std::uint64_t received_bytes) override {
        return database_.write([&](auto& connection) -> Result<std::vector<BlobKey>> {
            TRY_ASSIGN(const bool held,
                       hold(connection, sql::hold_unfinished_upload, id, owner, received_bytes));
            if (!held) return upload_fenced();
            return erase(connection, id);
        });
    }

    Result<std::uint64_t> sweep(std::uint32_t limit, Timestamp now) override {
        const auto overdue = database_.read([&](auto& connection) -> Result<std::vector<UploadId>> {
            TRY_ASSIGN(auto query, connection.query(sql::overdue_uploads, now, limit));
            return read_all(std::move(query), &read_upload_id);
        });
        if (!overdue) return std::unexpected(overdue.error());
        std::uint64_t swept = 0;
        for (const UploadId id : *overdue) {
            TRY_ASSIGN(const bool gone, database_.write([&](auto& connection) -> Result<bool> {
                TRY_ASSIGN(const bool held, hold(connection, sql::hold_overdue_upload, id, now));
                if (!held) return false;
                TRY(erase(connection, id));
                return true;
            }));
            swept += gone ? 1 : 0;
        }
        return swept;
    }

  private:
    /// Whether there is one, which then nobody else changes until the end of the transaction.
    template <class Connection, class... Values>
    static Result<bool> hold(Connection& connection, std::string_view statement, UploadId id,
                             const Values&... values) {
        TRY_ASSIGN(auto query, connection.query(statement, id, values...));
        TRY_ASSIGN(const auto held, read_all(std::move(query), &read_upload_id));
        return !held.empty();
    }

    /// Of an upload that nobody else changes until the end of the transaction.
    template <class Connection>
    static Result<std::vector<BlobKey>> erase(Connection& connection, UploadId id) {
        TRY_ASSIGN(auto query, connection.query(sql::blobs_of_upload, id));
        TRY_ASSIGN(auto blobs, read_all(std::move(query), &read_blob_of_part));
        TRY(connection.run_later(sql::doom_upload_parts, id));
        TRY(connection.run_later(sql::delete_upload_parts, id));
        TRY(connection.run_later(sql::delete_upload, id));
        return blobs;
    }

    Database database_;
};

}  // namespace safelight
