using Npgsql;

namespace Scoring.Actors.Sql;

/// <summary>Short forms for statements of batches, with positional parameters.</summary>
internal static class PostgresCommands
{
    /// <summary>Makes a statement.</summary>
    /// <param name="sql">Its text, with <c>$1</c> for the first parameter.</param>
    /// <param name="parameters">The parameters in their order.</param>
    internal static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>Makes a parameter, without boxing its value.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="value">The value.</param>
    internal static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };
}
