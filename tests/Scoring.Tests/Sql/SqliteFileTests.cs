using Scoring.Actors.Sql;

namespace Scoring.Tests.Sql;

public class SqliteFileTests
{
    [Fact]
    public void A_temporary_file_whose_folder_can_not_be_removed_is_closed_without_a_failure()
    {
        var file = new SqliteFile("", "state.db", TimeSpan.FromSeconds(1));
        file.CheckWritable();
        Directory.Delete(Path.GetDirectoryName(file.Path)!, recursive: true);

        file.Dispose();
    }
}
