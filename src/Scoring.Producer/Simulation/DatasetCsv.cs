using System.Buffers.Text;
using System.Text;

namespace Scoring.Producer.Simulation;

/// <summary>What a data set that was written holds.</summary>
/// <param name="Transactions">Its rows.</param>
/// <param name="Fraud">The rows whose label is 1.</param>
/// <param name="FraudByPattern">Of them, how many each pattern made.</param>
public sealed record DatasetFacts(long Transactions, long Fraud, IReadOnlyDictionary<FraudPattern, long> FraudByPattern);

/// <summary>
/// Writes a simulation's transactions as a CSV data set for training: the columns are named as the record's
/// fields, and <c>label</c> is 1 where the transaction is fraud, whenever that became known.
/// </summary>
public static class DatasetCsv
{
    /// <summary>The header row.</summary>
    public const string Header = "transactionId,cardId,userId,merchantId,terminalId,amount,currency,eventTime,channel,country,mcc,deviceId,ip,label";

    private const int BufferBytes = 1 << 16;
    private const int MaxRowBytes = 1 << 10;

    /// <summary>Writes the transactions of a simulation's first days.</summary>
    /// <param name="options">The simulation.</param>
    /// <param name="days">How many days of event time, above 0.</param>
    /// <param name="target">Where to write; UTF-8, <c>\n</c> line ends.</param>
    /// <param name="cancellation">Ends it early, with <see cref="OperationCanceledException"/>.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static DatasetFacts Write(SimulatorOptions options, double days, Stream target, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(days);
        var simulator = new Simulator(options);
        var end = options.StartMicros + (long)(days * Habits.DayMicros);
        var byPattern = new Dictionary<FraudPattern, long>();
        var buffer = new byte[BufferBytes];
        var length = Append(buffer, 0, Header);
        buffer[length++] = (byte)'\n';
        long rows = 0;
        for (var happening = simulator.Next(); happening.EventTimeMicros < end; happening = simulator.Next())
        {
            if (happening is not SimulatedTransaction transaction)
                continue;
            rows++;
            if (transaction.IsFraud)
                byPattern[transaction.Pattern] = byPattern.GetValueOrDefault(transaction.Pattern) + 1;
            length = AppendRow(buffer, length, transaction);
            if (length < BufferBytes - MaxRowBytes)
                continue;
            cancellation.ThrowIfCancellationRequested();
            target.Write(buffer, 0, length);
            length = 0;
        }

        target.Write(buffer, 0, length);
        return new DatasetFacts(rows, byPattern.Values.Sum(), byPattern);
    }

    private static int AppendRow(byte[] buffer, int at, SimulatedTransaction transaction)
    {
        var merchant = transaction.Terminal.Merchant;
        at = Append(buffer, at, "t-");
        Utf8Formatter.TryFormat(transaction.Number, buffer.AsSpan(at), out var digits);
        at = AppendField(buffer, at + digits, transaction.Card.Id);
        at = AppendField(buffer, at, transaction.Card.Owner.UserId);
        at = AppendField(buffer, at, merchant.Id);
        at = AppendField(buffer, at, transaction.Terminal.Id);
        buffer[at++] = (byte)',';
        at += EventText.WriteCents(transaction.Cents, buffer.AsSpan(at));
        at = AppendField(buffer, at, merchant.Country.Currency);
        buffer[at++] = (byte)',';
        at += EventText.WriteTime(transaction.EventTimeMicros, buffer.AsSpan(at));
        at = AppendField(buffer, at, merchant.Channel);
        at = AppendField(buffer, at, merchant.Country.Code);
        at = AppendField(buffer, at, merchant.Category.Mcc);
        at = AppendField(buffer, at, transaction.DeviceId ?? "");
        buffer[at++] = (byte)',';
        if (transaction.DeviceId is not null)
            at += EventText.WriteAddress(transaction.Address, buffer.AsSpan(at));
        buffer[at++] = (byte)',';
        buffer[at++] = (byte)(transaction.IsFraud ? '1' : '0');
        buffer[at++] = (byte)'\n';
        return at;
    }

    private static int AppendField(byte[] buffer, int at, string text)
    {
        buffer[at] = (byte)',';
        return Append(buffer, at + 1, text);
    }

    private static int Append(byte[] buffer, int at, string text) => at + Encoding.ASCII.GetBytes(text, buffer.AsSpan(at));
}
