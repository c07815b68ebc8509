using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Scoring.Producer.Simulation;

/// <summary>
/// Writes simulated events as the records of the wire contract. One buffer serves all, so a result is valid
/// until the next call. Owned by one thread.
/// </summary>
public sealed class EventJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(512);
    private readonly Utf8JsonWriter json;
    private readonly byte[] transactionPrefix;
    private readonly byte[] interactionPrefix;

    /// <summary>Starts a writer.</summary>
    /// <param name="run">Stands in every transaction's and interaction's id, so that runs against one log do not repeat ids; empty for none.</param>
    public EventJson(string run)
    {
        json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        transactionPrefix = Encoding.UTF8.GetBytes(TransactionPrefix(run));
        interactionPrefix = Encoding.UTF8.GetBytes(run.Length == 0 ? "i-" : $"i-{run}-");
    }

    /// <summary>What stands before the number in a transaction's id.</summary>
    /// <param name="run">The run's name; may be empty.</param>
    public static string TransactionPrefix(string run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Length == 0 ? "t-" : $"t-{run}-";
    }

    /// <summary>A transaction's record.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="eventTimeMicros">The time it shall tell, in microseconds since 1970-01-01T00:00:00Z; cut to milliseconds.</param>
    public ReadOnlySpan<byte> Write(SimulatedTransaction transaction, long eventTimeMicros)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        Span<byte> text = stackalloc byte[EventText.MaxBytes];
        var merchant = transaction.Terminal.Merchant;
        Start();
        WriteId("transactionId"u8, transactionPrefix, transaction.Number, text);
        json.WriteString("cardId"u8, transaction.Card.Id);
        json.WriteString("userId"u8, transaction.Card.Owner.UserId);
        json.WriteString("merchantId"u8, merchant.Id);
        json.WriteString("terminalId"u8, transaction.Terminal.Id);
        json.WritePropertyName("amount"u8);
        json.WriteRawValue(text[..EventText.WriteCents(transaction.Cents, text)], skipInputValidation: true);
        json.WriteString("currency"u8, merchant.Country.Currency);
        json.WriteString("eventTime"u8, text[..EventText.WriteTime(eventTimeMicros, text)]);
        json.WriteString("channel"u8, merchant.Channel);
        json.WriteString("country"u8, merchant.Country.Code);
        json.WriteString("mcc"u8, merchant.Category.Mcc);
        if (transaction.DeviceId is { } device)
        {
            json.WriteString("deviceId"u8, device);
            json.WriteString("ip"u8, text[..EventText.WriteAddress(transaction.Address, text)]);
        }

        return End();
    }

    /// <summary>An interaction's record.</summary>
    /// <param name="interaction">The interaction.</param>
    /// <param name="eventTimeMicros">The time it shall tell.</param>
    public ReadOnlySpan<byte> Write(SimulatedInteraction interaction, long eventTimeMicros)
    {
        ArgumentNullException.ThrowIfNull(interaction);
        Span<byte> text = stackalloc byte[EventText.MaxBytes];
        Start();
        WriteId("interactionId"u8, interactionPrefix, interaction.Number, text);
        json.WriteString("userId"u8, interaction.Customer.UserId);
        json.WriteString("type"u8, interaction.Type);
        json.WriteString("outcome"u8, interaction.Outcome);
        json.WriteString("eventTime"u8, text[..EventText.WriteTime(eventTimeMicros, text)]);
        json.WriteString("deviceId"u8, interaction.DeviceId);
        json.WriteString("ip"u8, text[..EventText.WriteAddress(interaction.Address, text)]);
        return End();
    }

    /// <summary>A label's record.</summary>
    /// <param name="label">The label.</param>
    /// <param name="eventTimeMicros">The time it shall tell: when the label became known.</param>
    public ReadOnlySpan<byte> Write(SimulatedLabel label, long eventTimeMicros)
    {
        ArgumentNullException.ThrowIfNull(label);
        Span<byte> text = stackalloc byte[EventText.MaxBytes];
        Start();
        WriteId("transactionId"u8, transactionPrefix, label.Transaction.Number, text);
        json.WriteString("cardId"u8, label.Transaction.Card.Id);
        json.WriteString("userId"u8, label.Transaction.Card.Owner.UserId);
        json.WriteBoolean("label"u8, label.Transaction.IsFraud);
        json.WriteString("eventTime"u8, text[..EventText.WriteTime(eventTimeMicros, text)]);
        return End();
    }

    /// <inheritdoc/>
    public void Dispose() => json.Dispose();

    private void Start()
    {
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
    }

    private ReadOnlySpan<byte> End()
    {
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private void WriteId(ReadOnlySpan<byte> name, byte[] prefix, long number, Span<byte> text)
    {
        prefix.CopyTo(text);
        Utf8Formatter.TryFormat(number, text[prefix.Length..], out var digits);
        json.WriteString(name, text[..(prefix.Length + digits)]);
    }
}
